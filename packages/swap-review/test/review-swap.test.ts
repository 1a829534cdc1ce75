import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type InitMethod, RevocabError } from "@revocab/core";
import { copyOverlap, mean, random, subtokenMean, withFallback } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { savePlan } from "@revocab/plan";
import {
  type ExploredSwap,
  exploreSwap,
  type ReviewSwapOptions,
  reviewSwap,
  type SwapReview,
} from "@revocab/swap-review";
import { failure } from "@revocab/test-support/failure";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { planTokenizerSwap, swapTokenizer } from "@revocab/transfer";
import { displayToken } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER };
const folder = mkdtempSync(join(tmpdir(), "revocab-review-"));
const out = join(folder, "out");

beforeAll(async () => {
  await swapTokenizer({
    ...{ ...inputs, method: subtokenMean(), out },
    evaluate: { text: SAMPLE_TEXT, byToken: true },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a review of a written model", () => {
  let review: SwapReview;
  beforeAll(async () => {
    review = await reviewSwap({ subject: out, source: SAMPLE_MODEL });
  });

  it("says what its report says: methods, origins, checks, scores and losses", () => {
    expect(review).toMatchObject({
      ...{ kind: "model", name: "out", notes: [] },
      summary: { source: { name: "model", rows: 1280 }, target: { name: "tokenizer", tokens: 3000 } },
    });
    expect(review.summary.tables[0]?.origins).toEqual({ "copy-overlap": 872, "subtoken-mean": 2128 });
    expect(review.report?.gate.checks.length).toBeGreaterThan(3);
    const { before, after, byToken } = review.evaluation ?? {};
    expect(before).toMatchObject({ kind: "bits-per-byte", bitsPerByte: expect.closeTo(1.3201, 3) });
    expect(after).toMatchObject({ kind: "bits-per-byte", tokens: byToken?.after.scoredTokens });
    expect(byToken?.after.tokens).toHaveLength(50);
  });

  it("tells copies from other rows by their bytes, and gives norms before and after", () => {
    const [table, ...others] = review.tables;
    expect(others).toEqual([]);
    expect(table).toMatchObject({
      slot: "input",
      rows: 3000,
      columns: 128,
      shared: { tokens: 872, copied: 872 },
    });
    const { before, after, byGroup, histogram } = table!.norms;
    expect([before?.count, after.count]).toEqual([1280, 3000]);
    expect([byGroup.shared?.count, byGroup.spelled?.count]).toEqual([872, 2128]);
    expect(histogram.after.reduce((sum, count) => sum + count)).toBe(3000);
    expect(histogram.before?.reduce((sum, count) => sum + count)).toBe(1280);
    // a mean of several rows is shorter than they are
    expect(byGroup.spelled!.median).toBeLessThan(byGroup.shared!.median);
    for (const { least, hundredth, quarter, median, threeQuarters, lastHundredth, most } of [
      after,
      byGroup.shared!,
    ]) {
      const all = [least, hundredth, quarter, median, threeQuarters, lastHundredth, most];
      expect(all.toSorted((a, b) => a - b)).toEqual(all);
    }
  });

  it("maps all rows on one plane, and a copied row lies where its source's row lies", () => {
    const { map } = review.tables[0]!;
    expect(map).toMatchObject({ sampled: 3000, of: 3000, seed: 0 });
    const counts = Object.fromEntries(map!.series.map(({ name, ids }) => [name, ids.length]));
    expect(counts).toEqual({ source: 1280, shared: 872, spelled: 2128 });
    expect(map!.shares[0]).toBeGreaterThan(map!.shares[1]);
    const pointOf = (name: string, label: string, labels: SwapReview["tokens"]) => {
      const series = map!.series.find((one) => one.name === name)!;
      const at = series.ids.findIndex((id) => labels[id] === label);
      return [series.x[at], series.y[at]];
    };
    expect(pointOf("shared", " dog", review.tokens)).toEqual(pointOf("source", " dog", review.sourceTokens));
  });

  it("names the nearest rows of the tokens that cost most, and of a sample", () => {
    const { nearest } = review.tables[0]!;
    const dearest = review.evaluation?.byToken?.after.tokens[0]?.id;
    expect(nearest[0]?.id).toBe(dearest);
    expect(nearest.length).toBeGreaterThan(500);
    for (const { id, ids, cosines } of nearest.slice(0, 50)) {
      expect(ids).not.toContain(id);
      expect(cosines.toSorted((a, b) => b - a)).toEqual(cosines);
      for (const one of [id, ...ids]) expect(review.tokens[one]).toBeTypeOf("string");
    }
  });

  it("is the same data after a turn through JSON", () => {
    expect(JSON.parse(JSON.stringify(review))).toEqual(review);
  });

  it("draws the same rows by the same seed, in a smaller sample some of a larger one's", async () => {
    const sampled = async (sample: number) => {
      const { tables } = await reviewSwap({ subject: out, source: SAMPLE_MODEL, sample, seed: 3 });
      return tables[0]!.map!.series.filter(({ name }) => name !== "source").flatMap(({ ids }) => ids);
    };
    const [few, more, again] = [await sampled(100), await sampled(400), await sampled(100)];
    expect(few).toHaveLength(100);
    expect(again).toEqual(few);
    expect(more).toEqual(expect.arrayContaining(few));
  });
});

describe("a review without all inputs", () => {
  it("says without the source model what cannot be shown", async () => {
    const { tables, notes, sourceTokens, leaveOut } = await reviewSwap({ subject: out, methodOf });
    expect(notes).toEqual([expect.stringMatching(/^rows are not compared .*\(model\): pass it as `source`/)]);
    expect({ leaveOut, sourceTokens }).toEqual({ leaveOut: null, sourceTokens: {} });
    expect(tables[0]).toMatchObject({ shared: null, norms: { before: null, byGroup: {} } });
    expect(tables[0]!.map!.series.map(({ name, ids }) => [name, ids.length])).toEqual([["other", 3000]]);
  });

  it("says that nothing was measured", async () => {
    const unmeasured = join(scratch(), "unmeasured");
    await swapTokenizer({ ...inputs, method: subtokenMean(), out: unmeasured });
    const { evaluation, notes } = await reviewSwap({ subject: unmeasured, source: SAMPLE_MODEL });
    expect({ evaluation, notes }).toEqual({
      evaluation: null,
      notes: [expect.stringMatching(/^nothing was measured/)],
    });
  });

  it("scores a text with both models, or with the new one alone", async () => {
    const evaluate = { text: SAMPLE_TEXT, maxBytes: 600 };
    const both = await reviewSwap({ subject: out, source: SAMPLE_MODEL, evaluate });
    const { before, after, byToken } = both.evaluation!;
    expect(both.evaluation!.text).toMatchObject({ name: "stories.txt" });
    const bits = [before, after].map((score) => (score?.kind === "bits-per-byte" ? score.bitsPerByte : 0));
    const { bytes } = both.evaluation!.text;
    expect(byToken!.before!.bits / bytes).toBeCloseTo(bits[0]!, 6);
    expect(byToken!.after.bits / bytes).toBeCloseTo(bits[1]!, 6);
    // all stretches together cost what the text costs
    const { stretches, documentsLeftOut } = byToken!.compared!;
    expect(documentsLeftOut).toBe(0);
    const sum = (when: "before" | "after") => stretches.reduce((all, stretch) => all + stretch[when].bits, 0);
    expect(sum("before")).toBeCloseTo(byToken!.before!.bits, 6);
    expect(sum("after")).toBeCloseTo(byToken!.after.bits, 6);

    const alone = await reviewSwap({ subject: out, evaluate });
    expect(alone.evaluation).toMatchObject({ before: null, byToken: { before: null, compared: null } });
    expect(alone.evaluation!.after).toMatchObject({ kind: "bits-per-byte", bitsPerByte: bits[1] });
  });
});

describe("what rows are made of", () => {
  it("is in a plan, with the source model or without it", async () => {
    const subject = await planFile(subtokenMean());
    for (const source of [undefined, SAMPLE_MODEL]) {
      expect(termsOf(await exploreSwap({ subject, ...(source && { source }) }), 739)).toEqual(BUTTERFLY);
    }
  });

  it("is planned again of a model, and compared with the rows that were written", async () => {
    const explored = await exploreSwap({ subject: out, source: SAMPLE_MODEL, methodOf });
    expect(termsOf(explored, 739)).toEqual(BUTTERFLY);
    const otherMethod = async () => withFallback(copyOverlap(), subtokenMean({ weighting: "first-last" }));
    const other = await exploreSwap({ subject: out, source: SAMPLE_MODEL, methodOf: otherMethod });
    expect(other.origins).toBeUndefined();
    expect((await exploreSwap({ subject: out, source: SAMPLE_MODEL })).origins).toBeUndefined();
  });

  it("has no terms for rows that are no sum, and the heaviest of long sums", async () => {
    const none = await exploreSwap({ subject: await planFile(random()) });
    expect(termsOf(none, 739)).toEqual({ name: "random", terms: [] });
    const { vocabulary, origins } = await exploreSwap({ subject: await planFile(subtokenMean()) });
    const { offsets, weights } = origins!.mixture;
    const counts = Array.from({ length: vocabulary.size }, (_, id) => offsets[id + 1]! - offsets[id]!);
    expect(Math.max(...counts)).toBe(8);
    const long = counts.indexOf(8);
    const sums = [...weights.subarray(offsets[long], offsets[long + 1])];
    expect(sums.toSorted((a, b) => b - a)).toEqual(sums);
  });

  const BUTTERFLY = {
    name: "subtoken-mean",
    terms: [
      [" butterf", 0.5],
      ["ly", 0.5],
    ],
  };

  function termsOf({ origins }: ExploredSwap, id: number) {
    const { names, of, mixture, source } = origins!;
    const { sources, weights } = mixtureRow(mixture, id);
    return {
      name: names[of[id]!],
      terms: Array.from(sources, (row, i) => [displayToken(source, row), weights[i]]),
    };
  }
});

describe("rows hidden from the method", () => {
  it("are met as in a comparison, and the worst are named", async () => {
    const { leaveOut } = await reviewSwap({ subject: out, source: SAMPLE_MODEL, methodOf });
    expect(leaveOut).toMatchObject({ hiddenTokens: 80, sharedTokens: 799 });
    // npx revocab compare sample/model --tokenizer sample/tokenizer --text sample/stories.txt --methods subtoken-mean
    expect(leaveOut!.tables[0]).toMatchObject({
      cosine: { mean: expect.closeTo(0.363, 3) },
      rank: { median: 248.5 },
    });
    const { worst } = leaveOut!.tables[0]!;
    expect(worst).toHaveLength(50);
    expect(worst![0]!.cosine).toBeLessThan(0.2);
  });

  it("are left out for a method whose files are not there", async () => {
    const missing = async () => {
      throw new RevocabError("missing_file", "there is no vectors.bin");
    };
    const lost: InitMethod = { ...subtokenMean(), prepare: missing };
    expect(
      await reviewSwap({ subject: out, source: SAMPLE_MODEL, methodOf: async () => lost }),
    ).toMatchObject({
      leaveOut: null,
    });
  });
});

/** That of the model in `out`. */
const methodOf = async () => withFallback(copyOverlap(), subtokenMean(), mean());

async function planFile(method: Parameters<typeof planTokenizerSwap>[0]["method"]): Promise<string> {
  const file = join(scratch(), "swap.plan");
  const planned = await planTokenizerSwap({ ...inputs, method });
  await savePlan(planned, file);
  await planned.rowSource.close();
  return file;
}

describe("a review of a plan", () => {
  it("computes its rows where the source model is given", async () => {
    const file = await planFile(subtokenMean());
    const bare = await reviewSwap({ subject: file });
    expect(bare).toMatchObject({
      kind: "plan",
      name: "swap.plan",
      report: null,
      tables: [],
      evaluation: null,
    });
    const whole = await reviewSwap({ subject: file, source: SAMPLE_MODEL, methodOf });
    const written = await reviewSwap({ subject: out, source: SAMPLE_MODEL, methodOf });
    expect(whole.tables[0]!.norms).toEqual(written.tables[0]!.norms);
    expect(whole.tables[0]!.map).toEqual(written.tables[0]!.map);
    expect(whole.leaveOut).toEqual(written.leaveOut);
  });

  it("reads no text", async () => {
    const subject = await planFile(subtokenMean());
    expect(await failure(reviewSwap({ subject, evaluate: { text: SAMPLE_TEXT } }))).toMatchObject({
      code: "bad_options",
      hint: expect.stringContaining("`applyPlan`"),
    });
  });
});

describe("what is refused", () => {
  it.each<[string, string, string, Omit<ReviewSwapOptions, "subject">]>([
    ["a path that is not there", "missing_file", "nowhere", {}],
    ["a model that no revocab wrote", "missing_file", SAMPLE_MODEL, {}],
    ["a file that is no plan", "bad_safetensors", SAMPLE_TEXT, {}],
    ["another source", "apply_mismatch", out, { source: out }],
  ])("%s", async (_, code, subject, options) => {
    const error = await failure(reviewSwap({ subject, ...options }));
    expect(error.code).toBe(code);
    expect(error.hint).toBeTruthy();
  });

  it.each([
    ["no JSON", () => "{"],
    ["another value", () => "[]"],
    [
      "a report without tables",
      (report: string) => JSON.stringify({ ...JSON.parse(report), tables: undefined }),
    ],
    ["counts below zero", (report: string) => report.replace('"copy-overlap": 872', '"copy-overlap": -1')],
    ["a name that is no text", (report: string) => report.replace('"name": "tokenizer"', '"name": {}')],
  ])("a revocab.json that is %s", async (_, damage) => {
    const damaged = join(scratch(), "damaged");
    cpSync(out, damaged, { recursive: true });
    const path = join(damaged, "revocab.json");
    writeFileSync(path, damage(readFileSync(path, "utf8")));
    expect(await failure(reviewSwap({ subject: damaged }))).toMatchObject({
      code: "bad_file",
      hint: expect.any(String),
    });
  });

  it("an abort signal that is raised", async () => {
    const job = { abortSignal: AbortSignal.abort() };
    expect(await failure(reviewSwap({ subject: out, source: SAMPLE_MODEL, job }))).toMatchObject({
      code: "aborted",
    });
  });
});
