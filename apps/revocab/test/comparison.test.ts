import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bitsPerByteOf } from "@revocab/evaluation";
import type { MethodComparison } from "@revocab/measure";
import type { SwapReport } from "@revocab/report";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { realData as data } from "@revocab/test-support/real-data";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { revocab } from "./revocab.ts";

const scratch = scratchFolders();
const inputs = [SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER];
const compare = ["compare", ...inputs, "--text", SAMPLE_TEXT];

async function succeed(args: readonly string[], run: typeof revocab = inProcess): Promise<string> {
  const { code, stdout, stderr } = await run([...args, "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function json<Result>(args: readonly string[]): Promise<Result> {
  return JSON.parse(await succeed([...args, "--json"])) as Result;
}

const reportIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "revocab.json"), "utf8")) as SwapReport;

/** What depends on the machine, taken away; and how many times it occurred. */
function withoutTimes(text: string): { rest: unknown; times: number } {
  let times = 0;
  const rest: unknown = JSON.parse(text, (key, value: unknown) => {
    if (!/[sS]econds?$/.test(key)) return value;
    times++;
    return undefined;
  });
  return { rest, times };
}

/** Methods that a comparison without evidence leaves out. */
const NEED_EVIDENCE = [
  "omp",
  "nearest",
  "procrustes",
  "clp",
  "sparse-basis",
  "matching-pursuit",
  "focus",
  "wechsel",
  "ofa",
  "trans-tokenization",
  "domain-types",
  "hypernetwork",
];

/** Enough text to rank methods by, where no figure of the whole text is claimed. */
const SHORT = ["--max-bytes", "600"];

/** Of chain-rule: from the two tokenizers alone, for to have the model write a text takes minutes. */
const BRIEF = [...SHORT, "--with", "written=0"];

describe("revocab swap --eval", () => {
  // tools/oracle/bits_per_byte.py sample/model OUT --text sample/stories.txt --max-bytes 1000000 --context 256
  const [BEFORE, AFTER] = [1.3201270433655694, 1.639376679570372];

  it("shows bits per byte before and after in its table, in revocab.json and in the model card", async () => {
    const out = join(scratch(), "out");
    const stdout = await succeed(["swap", ...inputs, "--out", out, "--eval", SAMPLE_TEXT]);
    expect(stdout).toMatch(/^Measured on stories\.txt, 2,236 bytes in 5 documents, before any training$/m);
    expect(stdout).toMatch(/^ +before +after$/m);
    expect(stdout).toMatch(/^ +bits per byte +1\.3201 +1\.6394$/m);
    expect(stdout).toMatch(/^ +bytes per token +3\.327 +3\.708$/m);
    expect(stdout).toMatch(/^ +tokens +672 +603$/m);
    expect(stdout).toMatch(/^ +seconds +\d+\.\d +\d+\.\d$/m);

    const { evaluation } = reportIn(out);
    expect(evaluation).toMatchObject({
      text: { name: "stories.txt", documents: 5, bytes: 2236, boundary: "endoftext" },
      before: { kind: "bits-per-byte", tokens: 672 },
      after: { kind: "bits-per-byte", tokens: 603 },
    });
    for (const [measured, expected] of [
      [evaluation?.before, BEFORE],
      [evaluation?.after, AFTER],
    ] as const) {
      if (measured?.kind !== "bits-per-byte") throw new Error("the sample is a causal model");
      expect(Math.abs(measured.bitsPerByte / expected - 1)).toBeLessThan(1e-5);
    }

    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("| bits per byte | 1.3201 | 1.6394 |\n");
    expect(card).toContain("of `stories.txt`, before any training");
  });

  it("writes the same bytes each time: no time in the file, though the output on stdout has them", async () => {
    const folder = scratch();
    const swap = (name: string) => [
      ...["swap", ...inputs, "--out", join(folder, name), "--eval", SAMPLE_TEXT],
      ...["--method", "auto", "--json", ...SHORT],
    ];
    const printed = withoutTimes(await succeed(swap("a")));
    await succeed(swap("b"), revocab);
    expect(contentOf(join(folder, "a"))).toEqual(contentOf(join(folder, "b")));
    const written = withoutTimes(readFileSync(join(folder, "a", "revocab.json"), "utf8"));
    expect(written.times).toBe(0);
    expect(printed.times).toBeGreaterThan(4);
    expect(written.rest).toEqual(printed.rest);
  });

  it.skipIf(data === undefined)("of a real swap says what the reference library says", async () => {
    const stdout = await succeed([
      ...["swap", join(data!, "models/stories260k"), "--tokenizer", join(data!, "tokenizers/gpt2")],
      ...["--eval", join(data!, "text/tinystories.txt"), "--max-bytes", "60000"],
      ...["--out", join(scratch(), "out")],
    ]);
    const [, before, after] = /^ +bits per byte +([\d.]+) +([\d.]+)$/m.exec(stdout)?.map(Number) ?? [];
    expect(Math.abs(before! / 0.9712 - 1)).toBeLessThan(0.002);
    expect(Math.abs(after! / 3.1461 - 1)).toBeLessThan(0.002);
  });
});

describe("revocab compare", () => {
  it("prints one line a method, in the order tried, marks the best and says what it left out", async () => {
    const lines = (await succeed(compare, revocab)).split("\n");
    expect(lines[0]).toBe(
      "2,236 bytes in 5 documents; rows hidden and reconstructed: 80 of 799 shared tokens",
    );
    expect(lines[2]).toMatch(/^ +method +bits\/byte +bytes\/token +cosine +rank +head cosine .* seconds$/);
    const rows = lines.slice(3, lines.indexOf("", 3)).map((line) => line.trim().split(/ {2,}/));
    expect(rows[0]).toEqual(["(source model)", "1.3201", "3.33"]);
    const best = rows.filter(([first]) => first === "★");
    expect(best).toEqual([
      ["★", "subtoken-mean:weighting=uniform", "1.6394", "3.71", ...Array(3).fill(expect.any(String))],
    ]);
    const tried = rows.slice(1).map(([first, second]) => (first === "★" ? second : first));
    expect(tried).toEqual([
      "mean",
      "random",
      "univariate-normal",
      "multivariate-normal",
      "subtoken-mean:weighting=uniform",
      "subtoken-mean:weighting=byte-length",
    ]);
    const scores = rows.slice(1).map((row) => Number(row[row[0] === "★" ? 2 : 1]));
    expect(Math.min(...scores)).toBe(1.6394);
    expect(lines).toContain(
      "Best: subtoken-mean:weighting=uniform, the fewest bits per byte before any training",
    );
    const all = lines.filter((line) => line.startsWith("  left out: "));
    expect(all.slice(0, NEED_EVIDENCE.length).map((line) => line.split(": ")[1])).toEqual(NEED_EVIDENCE);
    const left = all.slice(NEED_EVIDENCE.length);
    expect(left.map((line) => line.split(": ")[1])).toEqual([
      ...["first-last", "front-loaded", "exponential", "head-byte-length:norms=calibrated"].map(
        (name) => `subtoken-mean:weighting=${name}`,
      ),
      "chain-rule",
    ]);
    for (const line of left) expect(line).toMatch(/this model is tied: one row serves both$/);
  });

  it("is the same each time for a seed, but for the seconds; another seed draws other rows", async () => {
    const run = (seed: string) =>
      json<MethodComparison>([...compare, "--methods", "random,mean", "--seed", seed]);
    const [first, again, other] = [await run("1"), await run("1"), await run("2")];
    const rest = (value: unknown) => withoutTimes(JSON.stringify(value)).rest;
    expect(rest(again)).toEqual(rest(first));
    expect(rest(other.methods[0])).not.toEqual(rest(first.methods[0]));
    // the mean draws nothing: only which rows are hidden differs
    expect(rest(other.methods[1]?.evaluation)).toEqual(rest(first.methods[1]?.evaluation));
  });

  it("tries a method alone, with its options, and with --untie the weightings that need a head", async () => {
    const comparison = await json<MethodComparison>([
      ...[...compare, "--untie", "--methods", "subtoken-mean:weighting=front-loaded:decay=0.25"],
    ]);
    expect(comparison).toMatchObject({
      best: 0,
      leftOut: [],
      methods: [{ name: "subtoken-mean", options: { weighting: "front-loaded", decay: 0.25 } }],
    });
    const [method] = comparison.methods;
    expect(method?.leaveOut.tables.map(({ slot }) => slot)).toEqual(["input", "output"]);
  });

  it("with --html writes a page with both charts, in place of an earlier page but of no other file", async () => {
    const page = join(scratch(), "compare.html");
    const args = [...compare, "--methods", "mean,random", "--html", page, ...SHORT];
    expect(await succeed(args)).toMatch(/^Page written to .*compare\.html$/m);
    const written = readFileSync(page, "utf8");
    for (const title of ["Bits per byte of each method", "What a swap with each method takes"])
      expect(written).toContain(`>${title}</figcaption>`);
    await succeed(args);
    writeFileSync(page, "my own notes");
    const { code, stderr } = await inProcess(args);
    expect(code).toBe(1);
    expect(stderr).toContain("exists already, and is no page of revocab");
    expect(readFileSync(page, "utf8")).toBe("my own notes");
  });
});

describe("revocab swap --method auto", () => {
  it("takes the best of the comparison, names it in the recipe, and keeps the table it went by", async () => {
    const folder = scratch();
    const out = join(folder, "out");
    const stdout = await succeed([
      ...["swap", ...inputs, "--untie", "--out", out, "--method", "auto", "--text", SAMPLE_TEXT, ...BRIEF],
    ]);
    const report = reportIn(out);
    const { comparison } = report;
    const compared = withoutTimes(await succeed([...compare, "--untie", ...BRIEF, "--json"])).rest;
    expect({ ...comparison, notes: [] }).toEqual(compared);
    expect(comparison?.leftOut.map(({ name }) => name)).toEqual(NEED_EVIDENCE);
    const scores = comparison?.methods.map(({ evaluation }) =>
      evaluation.kind === "bits-per-byte" ? evaluation.bitsPerByte : Number.NaN,
    );
    expect(scores).toHaveLength(11);
    const chosen = comparison?.methods[comparison.best];
    expect(scores?.[comparison?.best ?? -1]).toBe(Math.min(...(scores ?? [])));
    expect(report.recipe.methods[1]).toMatchObject({ name: chosen?.name, options: chosen?.options });
    expect(stdout).toContain("\nMethods compared\n");
    expect(stdout).toMatch(new RegExp(`^ *Best: ${chosen?.name}\\b.*, the fewest bits per byte`, "m"));
    expect(report.evaluation).toBeNull();
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("with --dry-run compares and writes nothing, and with --eval alone decides by that text", async () => {
    const folder = scratch();
    const dry = ["swap", ...inputs, "--out", join(folder, "out"), "--dry-run", "--method", "auto"];
    const stdout = await succeed([...dry, "--text", SAMPLE_TEXT, ...SHORT]);
    expect(stdout).toContain("  input    872  copy-overlap\n         2,128  subtoken-mean\n");
    expect(readdirSync(folder)).toEqual([]);
    const out = join(folder, "out");
    await succeed([
      ...["swap", ...inputs, "--out", out, "--method", "auto", "--eval", SAMPLE_TEXT],
      ...["--with", "weighting=byte-length", ...SHORT],
    ]);
    const { recipe, comparison } = reportIn(out);
    expect(comparison?.methods.map(({ name, options }) => [name, options])).toEqual([
      ["mean", {}],
      ["random", {}],
      ["univariate-normal", {}],
      ["multivariate-normal", {}],
      ["subtoken-mean", { weighting: "byte-length" }],
    ]);
    expect(recipe.methods[1]).toMatchObject({ name: "subtoken-mean", options: { weighting: "byte-length" } });
  });

  it("with --after takes the best after training, and shows both scores and what was trained", async () => {
    const folder = scratch();
    const out = join(folder, "out");
    const trainText = join(folder, "train.txt");
    writeFileSync(trainText, readFileSync(SAMPLE_TEXT, "utf8").replaceAll("the", "a"));
    const stdout = await succeed([
      ...["swap", ...inputs, "--out", out, "--method", "auto", "--text", SAMPLE_TEXT, "--after", "1"],
      ...["--with", "weighting=byte-length", "--train-text", trainText],
    ]);
    const { comparison, recipe } = reportIn(out);
    const scores = comparison!.methods.map(({ after }) => bitsPerByteOf(after!.evaluation));
    const chosen = comparison!.methods[comparison!.best];
    expect(scores[comparison!.best]).toBe(Math.min(...scores));
    expect(recipe.methods[1]).toMatchObject({ name: chosen?.name, options: chosen?.options });
    expect(comparison?.training).toMatchObject({ steps: 1, text: { documents: 5 } });
    expect(chosen?.after?.training).toMatchObject({ objective: "lm", steps: 1, ended: "budget" });
    expect(chosen?.after?.training).not.toHaveProperty("seconds");
    expect(stdout).toMatch(/^ *rows trained for 1 step on [\d,]+ bytes in 5 documents$/m);
    expect(stdout).toMatch(/ bits\/byte +after 1 step +bytes\/token .* seconds +of training$/m);
    expect(stdout).toMatch(/^ *Best: .*, the fewest bits per byte after 1 step of training its rows$/m);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain("it scored best after 1 step of training");
  });
});
