import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { expect, it } from "vitest";
import { type Finished, revocab } from "./revocab.ts";

const scratch = scratchFolders();

it("no command opens a socket, looks up a name, starts a program, or lets a token of the environment out", async () => {
  const folder = scratch();
  const secret = "hf_aSecretThatMustNotBeSeen";
  const env = { HF_TOKEN: secret, HUGGING_FACE_HUB_TOKEN: secret, AWS_SECRET_ACCESS_KEY: secret };
  const run = (...args: string[]) => revocab(args, { env, preload: "no-network.mjs" });
  const plan = join(folder, "swap.plan");
  const finished: Finished[] = [
    await run("swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", join(folder, "out")),
    await run("plan", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", plan),
    await run("apply", plan, "--model", SAMPLE_MODEL, "--out", join(folder, "applied"), "--json"),
    await run("explain", plan, "7"),
    await run("inspect", SAMPLE_MODEL),
    await run("eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT),
    await run("generate", SAMPLE_MODEL, "Once upon a time", "--max-tokens", "3"),
    await run(
      ...["compare", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--text", SAMPLE_TEXT],
      ...["--methods", "subtoken-mean"],
    ),
    await run("methods"),
    await run("--help"),
  ];
  for (const { code, stdout, stderr } of finished) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("forbidden") });
    expect(stdout + stderr).not.toContain(secret);
  }
  const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(written.length).toBeGreaterThan(10);
  for (const { parentPath, name } of written)
    expect(readFileSync(join(parentPath, name)).includes(secret), name).toBe(false);
});

it("no host is asked for an address that is not the Hub's", async () => {
  const finished = await revocab(["inspect", "https://example.org/model"], { preload: "no-network.mjs" });
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  expect(finished.stderr).toMatch(/^revocab: found nothing at .*\n {2}→ give a folder/);
});

it("the watch itself catches a connection, a name and a program", () => {
  const attempts = [
    'import("node:net").then((net) => net.connect(9, "127.0.0.1"))',
    'fetch("http://127.0.0.1:9")',
    'import("node:dns/promises").then((dns) => dns.lookup("localhost"))',
    'import("node:child_process").then((program) => program.spawn("true"))',
    'import("node:child_process").then((program) => program.fork("file:///packages/other.js"))',
  ];
  const watch = new URL("preload/no-network.mjs", import.meta.url).href;
  for (const attempt of attempts) {
    const args = ["--import", watch, "--input-type=module", "--eval", `await ${attempt}`];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect({ attempt, status, stderr }).toEqual({
      attempt,
      status: 99,
      stderr: expect.stringContaining("forbidden"),
    });
  }
});
