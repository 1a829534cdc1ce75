import { type LossByToken, lossByToken } from "@revocab/evaluation";
import type { MethodComparison, SwapEvaluation } from "@revocab/measure";
import { renderText } from "@revocab/report-document";
import { handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";
import { presentComparison } from "../src/present/present-comparison.ts";
import { presentEvaluation, swapEvaluationSection } from "../src/present/present-evaluation.ts";
import { swapLossSections } from "../src/present/present-losses.ts";

const nothing = { count: 0, examples: [] };
const shared = {
  bytesPerToken: 3.21987,
  documents: 1,
  bytes: 1234,
  tokens: 5678,
  unknownTokens: nothing,
  droppedCharacters: nothing,
  context: 512,
  seconds: 61.24,
};
const masked: SwapEvaluation["before"] = {
  ...shared,
  kind: "pseudo-likelihood",
  pseudoBitsPerByte: 2.34567,
  pseudoBitsPerToken: 7.6543,
  pseudoBitsPerSampledByte: 2.5,
  sampledBytes: 6000,
  seed: 0,
  sampledTokens: 2000,
  tokensPerSecond: 10,
  notes: ["a note of the score"],
};

describe("a masked model's figures", () => {
  it("are called pseudo wherever they stand, and not comparable", () => {
    const printed = renderText(presentEvaluation(masked));
    expect(printed).toMatch(/^Masked model: pseudo-likelihood of a sample, not comparable with a decoder's/);
    expect(printed).toMatch(/^ {2}pseudo bits per byte +2\.3457$/m);
    expect(printed).toMatch(/^ {2}masked tokens +2,000$/m);
    expect(printed).toMatch(/^ {2}text +1,234 bytes in 1 document$/m);
    expect(printed).toMatch(/^ {2}seconds +61\.2$/m);
    expect(printed).toMatch(/^ {2}note: a note of the score$/m);
    expect(printed).not.toMatch(/^ {2}bits per byte/m);
  });

  it("stand side by side for a swap, with the notes of each", () => {
    const scored = {
      ...{ name: "text.txt", documents: 2, bytes: 1234, boundary: "none" as const, sha256: "" },
      notes: ["the text is cut"],
    };
    const after = { ...masked, pseudoBitsPerByte: 3 } as typeof masked;
    const printed = renderText({ blocks: [swapEvaluationSection({ text: scored, before: masked, after })] });
    expect(printed).toContain("Measured on text.txt, 1,234 bytes in 2 documents, before any training\n");
    expect(printed).toMatch(/^ {2}pseudo bits per byte +2\.3457 +3\.0000$/m);
    expect(printed.split("\n").filter((line) => line.startsWith("  note: "))).toEqual([
      "  note: the text is cut",
      "  note: before: a note of the score",
      "  note: after: a note of the score",
    ]);
  });

  it("are parted among kinds of tokens so that the parts sum to the score, whatever share of the tokens was masked", () => {
    const losses = (bits: readonly number[]): LossByToken =>
      lossByToken({
        losses: [{ ids: Uint32Array.of(0, 1, 0, 1), bits: Float64Array.from(bits) }],
        documents: [" a. a."],
        vocabulary: handMadeVocabulary([text(" a"), text(".")]),
        kind: "pseudo-likelihood",
      });
    const [before, after] = [losses([6, 3, Number.NaN, Number.NaN]), losses([Number.NaN, 3, Number.NaN, 3])];
    const [section] = swapLossSections({ before, after, compared: null });
    const [chart] = section?.kind === "section" ? section.blocks : [];
    expect(chart?.kind === "bars" && chart.bars).toEqual([
      { label: "punctuation and signs", values: [1, 2] },
      { label: "letters after a space", values: [2, 0] },
    ]);
  });

  it("decide a comparison under their own name, in which a guess that was not measured is left blank", () => {
    const leaveOut = {
      ...{ seed: 0, share: 0.1, sharedTokens: 1200, hiddenTokens: 120, note: null },
      tables: [
        {
          ...{ slot: "input", role: "input" as const, tokens: 120, byMethod: { mean: 120 } },
          cosine: { mean: 0.98765, median: 0.9 },
          rank: { median: 1234, meanReciprocal: 0.5, first: 3, of: 30_000 },
          relativeError: { mean: 1, median: 1 },
        },
      ],
    };
    const method = {
      name: "mean",
      options: {},
      candidate: 0,
      evaluation: masked,
      leaveOut,
      seconds: 0.04,
      rowSeconds: 0.01,
    };
    const comparison: MethodComparison = {
      text: { bytes: 1234, documents: 1, notes: ["the text is cut"] },
      source: masked,
      methods: [
        method,
        {
          ...method,
          name: "random",
          candidate: 1,
          options: { standardDeviation: 0.5 },
          leaveOut: { ...leaveOut, tables: [], note: "nothing to hide" },
        },
      ],
      leftOut: [{ name: "focus", reason: "no word vectors" }],
      best: 1,
    };
    const lines = renderText(presentComparison(comparison, "revocab swap MODEL")).split("\n");
    expect(lines[0]).toBe(
      "1,234 bytes in 1 document; rows hidden and reconstructed: 120 of 1,200 shared tokens",
    );
    expect(lines[2]).toMatch(
      /^ +method +pseudo bits\/byte +bytes\/token +cosine +rank +head cosine +head rank/,
    );
    expect(lines[4]?.trim().split(/ {2,}/)).toEqual(["mean", "2.3457", "3.22", "0.988", "1,234", "0.0"]);
    expect(lines[5]?.trim().split(/ {2,}/)).toEqual([
      ...["★", "random:standard-deviation=0.5", "2.3457", "3.22", "0.0"],
    ]);
    expect(lines.slice(7)).toEqual([
      "Best: random:standard-deviation=0.5, the fewest pseudo bits per byte before any training",
      "  left out: focus: no word vectors",
      "  note: the text is cut",
      "  note: a note of the score",
      "  note: nothing to hide",
      "",
      "To make a model with it",
      "  revocab swap MODEL",
      "",
    ]);
  });
});
