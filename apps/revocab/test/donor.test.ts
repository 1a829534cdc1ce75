import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const folder = mkdtempSync(join(tmpdir(), "revocab-donor-"));
/** The sample model with the sample tokenizer, which is a donor for swaps to that tokenizer. */
const donor = join(folder, "donor");

beforeAll(async () => {
  const args = ["--method", "subtoken-mean", "--out", donor, "--quiet"];
  expect(await inProcess(["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, ...args])).toMatchObject({
    code: 0,
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

const swap = (...words: readonly string[]) =>
  inProcess(["swap", SAMPLE_MODEL, "--dry-run", "--untie", "--quiet", ...words]);

describe("--method omp", () => {
  it("takes rows by the geometry of --donor, and says how near they come", async () => {
    const words = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--donor", donor, "--with", "k=4"];
    const { code, stdout } = await swap(...words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +2,128 {2}omp$/m);
    expect(stdout).toMatch(/sums of at most 4 of 799 anchors but for a relative error of 0\.\d+ \(median\)/);
  });

  it("takes the model that the tokenizer is from where no donor is named", async () => {
    const { code, stdout } = await swap("--tokenizer", donor, "--method", "omp", "--with", "k=2");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +2,128 {2}omp$/m);
  });

  it("is compared with others where a donor is given", async () => {
    const text = ["--text", SAMPLE_TEXT, "--methods", "omp:k=2,subtoken-mean"];
    const args = ["compare", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--untie", ...text];
    const { code, stdout } = await inProcess([...args, "--donor", donor, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/omp/);
  });
});

describe("a donor is refused", () => {
  it("that no method reads, that is missing, and that has another tokenizer", async () => {
    const to = ["--tokenizer", SAMPLE_TOKENIZER];
    expectOneFailure(
      await swap(...to, "--method", "mean", "--donor", donor),
      /--donor was given, but no method reads the rows of a donor/,
    );
    expectOneFailure(await swap(...to, "--method", "omp"), /sample\/tokenizer.* holds neither model/);
    expectOneFailure(
      await swap(...to, "--method", "omp", "--donor", SAMPLE_MODEL),
      /the donor lacks 2[\d,]+ of the \d+ tokens of the target tokenizer, such as /,
    );
  });
});
