import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { bytes } from "../src/commands/options/values.ts";
import { inProcess } from "./in-process.ts";

const evaluated = ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT];

describe("--memory", () => {
  it.each([
    ["8GB", 8e9],
    ["1500MB", 1.5e9],
    ["1.5gb", 1.5e9],
    ["2 GiB", 2 ** 31],
    ["512m", 512e6],
    ["4000000000", 4e9],
  ])("takes %s", (text, size) => {
    expect(bytes(text)).toBe(size);
  });

  it.each(["", "GB", "0", "0GB", "-1GB", "8XB", "8 G B", "1e9", "1,5GB", "8GBs"])("refuses %j", (text) => {
    expect(() => bytes(text)).toThrow("expected a size as 8GB, 1500MB or 7.5GiB");
  });

  it("says on the first line how the model is run", async () => {
    const { stderr } = await inProcess([...evaluated, "--memory", "4GB"]);
    const [first] = stderr.split("\n").filter((line) => line.startsWith("run the model"));
    expect(first).toMatch(
      /^run the model: whole: its weights take 4 MB of memory in f32, within 4\.0 GB; a few seconds$/,
    );
  });

  it("that is too little is an error with what it takes, and the flag to give it by", async () => {
    const { stderr, code } = await inProcess([...evaluated, "--memory", "50MB"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the memory is 50 MB; running this model layer by layer takes at least \d+ MB/);
    expect(stderr).toMatch(/--memory/);
  });
});
