import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

describe("on a terminal of 80 columns", () => {
  const before = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
  beforeEach(() => {
    Object.assign(process.stdout, { isTTY: true, columns: 80 });
  });
  afterEach(() => {
    Object.assign(process.stdout, before);
  });

  it.each([
    ["methods"],
    ["inspect", SAMPLE_MODEL],
    ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--method", "subtoken-mean", "--dry-run"],
  ])("no line of %s is longer, but one that has a longer word", async (...args) => {
    expect(longLinesOf((await inProcess(args)).stdout)).toEqual([]);
  });

  it("nor one of a finished swap, whose checks are in columns", async () => {
    const args = ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--method", "subtoken-mean"];
    const { stdout } = await inProcess([...args, "--out", join(scratch(), "out")]);
    expect(stdout).toContain("Checked\n  ✓  weights    input 3000 × 128 BF16: no NaN,");
    expect(longLinesOf(stdout)).toEqual([]);
  });
});

describe.each([60, 80, 120])("a help on a terminal of %i columns", (columns) => {
  const before = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
  beforeEach(() => {
    Object.assign(process.stdout, { isTTY: true, columns });
  });
  afterEach(() => {
    Object.assign(process.stdout, before);
  });

  it.each([[[]], [["swap"]], [["vectors", "train"]]])("has no longer line but a title: %s", async (words) => {
    const { stdout } = await inProcess([...words, "--help"], { env: { NO_COLOR: "1" } });
    const lines = stdout.split("\n").filter((line) => !line.endsWith(":")); // titles stay whole
    expect(lines.filter(({ length }) => length > columns)).toEqual([]);
  });
});

describe("colours", () => {
  const ESCAPE = String.fromCharCode(27);
  const colored = async (isTTY: boolean, env: Readonly<Record<string, string | undefined>>) => {
    const before = process.stdout.isTTY;
    process.stdout.isTTY = isTTY;
    try {
      const { stdout } = await inProcess(["methods", "mean"], {
        env: { NO_COLOR: undefined, TERM: "xterm", ...env },
      });
      return stdout.includes(ESCAPE);
    } finally {
      process.stdout.isTTY = before;
    }
  };

  it("are on a terminal alone, and off by NO_COLOR and TERM=dumb; FORCE_COLOR decides before these", async () => {
    expect(await colored(true, {})).toBe(true);
    expect(await colored(false, {})).toBe(false);
    expect(await colored(true, { NO_COLOR: "1" })).toBe(false);
    expect(await colored(true, { NO_COLOR: "" })).toBe(true);
    expect(await colored(true, { TERM: "dumb" })).toBe(false);
    expect(await colored(false, { FORCE_COLOR: "1" })).toBe(true);
    expect(await colored(true, { FORCE_COLOR: "0" })).toBe(false);
    expect(await colored(true, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(true);
  });
});

describe("in a pipe", () => {
  it("each check, note and method stays on its line", async () => {
    const { stdout } = await inProcess(["methods"]);
    expect(stdout.split("\n").some((line) => line.length > 120)).toBe(true);
  });
});

function longLinesOf(text: string): readonly string[] {
  return text.split("\n").filter(
    (line) =>
      line.length > 80 &&
      line
        .trim()
        .split(" ")
        .every((word) => word.length < 70),
  );
}
