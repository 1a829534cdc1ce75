import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SwapReport } from "@revocab/report";
import { scratchFolders } from "@revocab/test-support/folders";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

/** GPT-2's tokenizer, which has 1,681 tokens of digits that the sample's lacks. */
function gpt2Folder(): string {
  const folder = join(scratch(), "gpt2");
  mkdirSync(folder);
  writeFileSync(join(folder, "tokenizer.json"), gpt2TokenizerJson());
  return folder;
}

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await inProcess([...args, "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

const MIXED = "numbers are split in mixed ways (of four digits 52 % as 2+2, 38 % as 1+3, 6 % as 3+1); ";
const SINGLE = "the source has them split digit by digit (1+2+3+4). Of 0–9999, 10 are split alike. ";

describe("a swap to a tokenizer that splits numbers otherwise", () => {
  it("warns in its plan, and says what to do", async () => {
    const plan = await run("swap", SAMPLE_MODEL, "--tokenizer", gpt2Folder(), "--dry-run");
    expect(plan).toContain(`  note: ${MIXED}${SINGLE}`);
    expect(plan).toContain("--digits spelling takes the rows of 1,681 digit tokens that the source lacks");
  });

  it("spells digit tokens with --digits spelling, whatever the method, and records it", async () => {
    const out = join(scratch(), "out");
    const swap = ["swap", SAMPLE_MODEL, "--tokenizer", gpt2Folder(), "--out", out];
    const printed = await run(...swap, "--method", "random", "--digits", "spelling");
    expect(printed).toContain("1,681  spelled-digits\n");
    expect(printed).toContain("Rows of 1,681 digit tokens that the source lacks come from their spelling");
    const report = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as SwapReport;
    expect(report.digits).toMatchObject({
      source: { name: "single-digits", unwritable: 0, examples: { "1234": "1+2+3+4" } },
      target: { name: "mixed", unwritable: 0, examples: { "1234": "12+34" } },
      alike: 10,
    });
    expect(report.tables[0]?.origins).toMatchObject({ "copy-overlap": 1233, "spelled-digits": 1681 });
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain(`- ${MIXED}`);
    expect(card).toContain("--digits spelling");
  });

  it("keeps what it knows in a plan file, whose rows of numbers can be explained", async () => {
    const [folder, tokenizer] = [scratch(), gpt2Folder()];
    const [plan, out] = [join(folder, "swap.plan"), join(folder, "out")];
    const auxiliary = ["--method", "focus", "--with", `text=${SAMPLE_TEXT}`];
    await run(
      "plan",
      SAMPLE_MODEL,
      "--tokenizer",
      tokenizer,
      ...auxiliary,
      "--digits",
      "spelling",
      "--out",
      plan,
    );
    expect(await run("explain", plan, " 123")).toBe(
      '17031 " 123"\n  input = 0.250 · " " + 0.250 · "1" + 0.250 · "2" + 0.250 · "3"   [spelled-digits]\n',
    );
    expect(await run("apply", plan, "--model", SAMPLE_MODEL, "--out", out)).toContain(`  note: ${MIXED}`);
    const report = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")) as SwapReport;
    expect(report.digits?.alike).toBe(10);
  });
});

describe("a swap to a tokenizer that splits numbers as the source does", () => {
  it("says so in one line, and on the card", async () => {
    const out = join(scratch(), "out");
    const printed = await run("swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", out);
    expect(printed.split("\n").filter((line) => /numbers|digit/.test(line))).toEqual([
      "  numbers are split digit by digit (1+2+3+4), as in the source",
    ]);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain(
      " Numbers are split digit by digit (1+2+3+4), as in the source.\n",
    );
  });
});

/** A comparison on a text with numbers. */
const compareTo = (tokenizer: string, ...words: readonly string[]) => {
  const text = join(scratch(), "numbers.txt");
  writeFileSync(text, "Tom had 123 apples and 45 pears. Then he had 678 more.\n");
  return run("compare", SAMPLE_MODEL, "--tokenizer", tokenizer, "--text", text, ...words);
};

describe("a comparison", () => {
  it("warns once, above its table, and in JSON, where numbers are split otherwise", async () => {
    const printed = await compareTo(gpt2Folder(), "--methods", "mean,random");
    expect(printed.split(`  note: ${MIXED}${SINGLE}`)).toHaveLength(2);
    expect(printed.indexOf(MIXED)).toBeLessThan(printed.indexOf("bits/byte"));
    const json = await compareTo(gpt2Folder(), "--methods", "mean", "--json");
    expect(JSON.parse(json).notes).toEqual([expect.stringContaining(`${MIXED}${SINGLE}`)]);
  });

  it("says nothing of numbers that are split alike", async () => {
    const json = await compareTo(SAMPLE_TOKENIZER, "--methods", "mean", "--json");
    expect(JSON.parse(json).notes).toEqual([]);
  });
});

describe("--digits", () => {
  it("compares methods with spelled digits", async () => {
    const scoreOf = async (...words: readonly string[]) =>
      JSON.parse(await compareTo(gpt2Folder(), "--methods", "mean", "--json", ...words)).methods[0].evaluation
        .bitsPerByte;
    expect(await scoreOf("--digits", "spelling")).not.toBe(await scoreOf());
  });

  it("refuses a word that it does not know", async () => {
    const swap = ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--digits", "whole", "--dry-run"];
    const { code, stderr } = await inProcess(swap);
    expect(code).toBe(2);
    expect(stderr).toMatch(/whole.*method, spelling/);
  });
});
