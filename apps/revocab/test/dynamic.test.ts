import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();
const HYPERNETWORK = join(SAMPLE_MODEL, "../hypernetwork");

async function json<Result>(args: readonly string[]): Promise<Result> {
  const { code, stdout, stderr } = await inProcess([...args, "--json", "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Result;
}

async function refused(args: readonly string[]): Promise<string> {
  const { code, stderr } = await inProcess([...args, "--quiet"]);
  expect(code).not.toBe(0);
  return stderr;
}

describe("revocab dynamic encode", () => {
  const encode = ["dynamic", "encode", SAMPLE_MODEL, "--text", SAMPLE_TEXT];

  it("shows the merges, the tokens, and the lengths before and after", async () => {
    const { code, stdout } = await inProcess([
      ...encode,
      "--hypernetwork",
      HYPERNETWORK,
      "--merges",
      "12",
      "--quiet",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *tokens before +672\n/);
    expect(stdout).toMatch(/rows predicted +12 × 128/);
    expect(stdout).toMatch(/^Merges$/m);
  });

  it("as JSON has all tokens, whose number is the length after", async () => {
    const found = await json<{
      tokens: { before: number; after: number };
      documents: { ids: number[]; tokens: string[] }[];
    }>([...encode, "--reduction", "12%"]);
    expect(found.tokens.before).toBe(672);
    expect(found.tokens.after).toBeLessThanOrEqual(0.88 * 672);
    expect(found.documents.reduce((sum, { ids }) => sum + ids.length, 0)).toBe(found.tokens.after);
    for (const { ids, tokens } of found.documents) expect(tokens).toHaveLength(ids.length);
  });

  it("is shorter, the less the boundaries forbid", async () => {
    const lengths: number[] = [];
    for (const boundaries of ["pretoken", "word", "none"]) {
      const { tokens } = await json<{ tokens: { after: number } }>([
        ...encode,
        "--merges",
        "70",
        "--boundaries",
        boundaries,
      ]);
      lengths.push(tokens.after);
    }
    expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
    expect(new Set(lengths).size).toBe(3);
  });

  it("says what is wrong with its input", async () => {
    expect(await refused([...encode, "--reduction", "95%"])).toMatch(
      /--reduction 95% cannot be reached: the 76 merges that can be made leave 575 of 672 tokens, a reduction of 14.43%[\s\S]*--boundaries word/,
    );
    expect(await refused([...encode, "--reduction", "100%"])).toContain(
      "expected percentages from 0 to below 100",
    );
    expect(await refused([...encode, "--reduction", "10,20%"])).toContain(
      "2 degrees of merging were given, expected one",
    );
    expect(await refused([...encode, "--reduction", "10%", "--merges", "3"])).toContain("were both given");
    expect(await refused([...encode, "--hypernetwork", SAMPLE_TOKENIZER])).toMatch(/config\.json/);
    expect(await refused([...encode, "--language", "de"])).toContain(
      "--language was given without a hypernetwork",
    );
    const empty = join(scratch(), "empty.txt");
    writeFileSync(empty, " \n");
    expect(await refused([...encode, "--text", empty])).toContain("empty.txt");
  });
});

describe("revocab eval --dynamic", () => {
  const score = ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--dynamic"];

  it("prints length and score of each reduction, and draws them on a page", async () => {
    const page = join(scratch(), "page.html");
    const { code, stdout } = await inProcess([
      ...score,
      HYPERNETWORK,
      "--reduction",
      "5,10,20%",
      "--html",
      page,
      "--quiet",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +own tokens +672 +1\.3201$/m);
    expect(stdout).toMatch(/^ +10 % /m);
    expect(stdout).toMatch(/^ +5 % /m);
    expect(stdout).toContain("--reduction 20% cannot be reached: the 76 merges");
    expect(readFileSync(page, "utf8")).toContain("bits/byte against reduction");
  });

  it("takes rows by a method of the catalog with its options", async () => {
    const { reduced } = await json<{ reduced: { merges: number }[] }>([
      ...score,
      "subtoken-mean:weighting=front-loaded",
      "--merges",
      "5,10",
    ]);
    expect(reduced.map(({ merges }) => merges)).toEqual([5, 10]);
  });

  it("draws other rows for another seed", async () => {
    const bits = [];
    for (const seed of ["1", "1", "2"]) {
      const { reduced } = await json<{ reduced: { evaluation: { bitsPerByte: number } }[] }>([
        ...score,
        "random",
        ...["--merges", "5", "--seed", seed],
      ]);
      bits.push(reduced[0].evaluation.bitsPerByte);
    }
    expect(bits[1]).toBe(bits[0]);
    expect(bits[2]).not.toBe(bits[0]);
  });

  it("takes rows of a plan for the model, and refuses a damaged one", async () => {
    const plan = join(scratch(), "my.plan");
    const rows = ["--method", "subtoken-mean", "--with", "weighting=uniform", "--fallback", "zero"];
    await inProcess([
      "plan",
      SAMPLE_MODEL,
      "--tokenizer",
      SAMPLE_TOKENIZER,
      ...rows,
      "--out",
      plan,
      "--quiet",
    ]);
    const { reduced } = await json<{ reduced: object[] }>([...score, plan, "--merges", "5"]);
    expect(reduced).toHaveLength(1);
    const damaged = join(scratch(), "damaged.plan");
    writeFileSync(damaged, readFileSync(plan).subarray(0, 5000));
    expect(await refused([...score, damaged, "--merges", "5"])).toContain("damaged.plan");
  });

  it("is refused beside what is not scored so, as are its options without it", async () => {
    expect(await refused([...score, HYPERNETWORK, "--bytes"])).toContain("--bytes was given with --dynamic");
    expect(await refused(["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--reduction", "10%"])).toContain(
      "--reduction was given without --dynamic",
    );
    expect(await refused([...score, HYPERNETWORK, "--weights", "1,2"])).toContain(
      "--weights was given without --with",
    );
    expect(await refused([...score, "subtokenmean"])).toContain(
      "subtokenmean is no method, and there is no such folder or file",
    );
    expect(await refused([...score, "hypernetwork"])).toContain("--dynamic hypernetwork:key=value");
    expect(await refused([...score, "omp"])).toContain("merged ones have no such model");
    expect(await refused([...score, "subtoken-mean", "--language", "de"])).toContain(
      "subtoken-mean is no hypernetwork",
    );
  });
});
