import { describe, expect, it } from "vitest";
import type { MachineReport } from "../src/examine-machine.ts";
import { hubForEachTest, TOKEN } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { revocab } from "./revocab.ts";

const at = hubForEachTest();

async function report(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, stdout } = await inProcess(["doctor", "--json", ...args], { env });
  return { code, stdout, found: JSON.parse(stdout) as MachineReport };
}

describe("revocab doctor", () => {
  it("says what this machine can do, and asks nobody", async () => {
    const before = at.hub.requests.length;
    const { code, found } = await report([], at.env);
    expect(code).toBe(0);
    expect(found).toMatchObject({ node: process.version, tokenizers: true, faults: [] });
    expect(found.runtime).toMatchObject({ kind: "native", devices: expect.arrayContaining(["cpu"]) });
    expect(found.hub).toMatchObject({ endpoint: at.env.HF_ENDPOINT, hasToken: true, owner: null });
    expect(at.hub.requests.length).toBe(before);
  });

  it("with --hub asks whose the token is, and never shows the token", async () => {
    const { stdout, found } = await report(["--hub"], at.env);
    expect(found.hub.owner).toMatchObject({ name: expect.any(String), role: "write" });
    expect(stdout).not.toContain(TOKEN);
  });

  it("names the mend of each fault", async () => {
    const env = { ...at.env, HF_ENDPOINT: "no address" };
    const { code, stdout, stderr } = await revocab(["doctor"], { env, preload: "no-onnxruntime.mjs" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("running models      none: ");
    expect(stdout).toMatch(/onnxruntime-node, which could not .* → install it with /);
    expect(stdout).toMatch(/HF_ENDPOINT is no address .* → give https:\/\//);
  });
});
