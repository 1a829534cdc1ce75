import { pseudoLikelihood } from "@revocab/evaluation";
import { failure } from "@revocab/test-support/failure";
import { special } from "@revocab/test-support/hand-made-vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplePositions } from "../src/pseudo-likelihood.ts";
import { characterTokenizer } from "./character-tokenizer.ts";
import { handMadeModel, uniformModel } from "./hand-made-models.ts";

const CLS = special("[CLS]", "cls");
const SEP = special("[SEP]", "sep");
const MASK = special("[MASK]", "mask");
const tokenizer = characterTokenizer("abcdeö", CLS, SEP, MASK);
const masked = { kind: "masked", vocabularySize: 16, contextLength: 6 } as const;

describe("pseudo-likelihood", () => {
  it("of a uniform model is log2 V a token", async () => {
    const score = await pseudoLikelihood({
      model: uniformModel(masked),
      tokenizer,
      documents: ["abcö", "ed"],
    });
    expect(score).toMatchObject({
      kind: "pseudo-likelihood",
      tokens: 6,
      bytes: 7,
      sampledTokens: 6,
      sampledBytes: 7,
      documents: 2,
      seed: 0,
      context: 6,
    });
    expect(score.pseudoBitsPerToken).toBeCloseTo(4, 6);
    expect(score.pseudoBitsPerByte).toBeCloseTo((4 * 6) / 7, 6);
    expect(score.pseudoBitsPerSampledByte).toBeCloseTo((4 * 6) / 7, 6);
  });

  it("masks one token at a time, in a window of its document with [CLS] and [SEP] around it", async () => {
    const model = uniformModel(masked);
    await pseudoLikelihood({ model, tokenizer, documents: ["abcdea", "b"] });
    const asked = model.calls.flat().map(({ tokens, positions, targets }) => ({
      tokens: [...tokens].map((id) => tokenizer.vocabulary.tokenOf(id)).join(" "),
      at: [...positions],
      targets: [...targets].map((id) => tokenizer.vocabulary.tokenOf(id)),
    }));
    expect(asked).toEqual([
      { tokens: "[CLS] [MASK] b c d [SEP]", at: [1], targets: ["a"] },
      { tokens: "[CLS] a [MASK] c d [SEP]", at: [2], targets: ["b"] },
      { tokens: "[CLS] a b [MASK] d [SEP]", at: [3], targets: ["c"] },
      { tokens: "[CLS] b c [MASK] e [SEP]", at: [3], targets: ["d"] },
      { tokens: "[CLS] c d [MASK] a [SEP]", at: [3], targets: ["e"] },
      { tokens: "[CLS] c d e [MASK] [SEP]", at: [4], targets: ["a"] },
      { tokens: "[CLS] [MASK] [SEP]", at: [1], targets: ["b"] },
    ]);
  });

  it("takes BOS and EOS where there is no [CLS] and no [SEP], and nothing where there is nothing", async () => {
    for (const [specials, expected] of [
      [
        [special("<s>", "bos"), special("</s>", "eos"), MASK],
        [0, 2, 1],
      ],
      [[MASK], [0]],
    ] as const) {
      const model = uniformModel(masked);
      await pseudoLikelihood({ model, tokenizer: characterTokenizer("ab", ...specials), documents: ["a"] });
      expect([...model.calls[0][0].tokens]).toEqual(expected);
    }
  });

  it("is deterministic for a seed, and another seed masks others", async () => {
    const documents = ["abcde".repeat(50), "edcba".repeat(30)];
    const run = async (seed: number) => {
      const model = handMadeModel(
        masked,
        (tokens, position, target) => -1 - tokens[position - 1] / (1 + target),
      );
      const { seconds, tokensPerSecond, ...score } = await pseudoLikelihood({
        model,
        tokenizer,
        documents,
        samples: 40,
        seed,
      });
      return score;
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).toMatchObject({ sampledTokens: 40, tokens: 400 });
    expect((await run(2)).pseudoBitsPerToken).not.toBe((await run(1)).pseudoBitsPerToken);
  });

  it.each([
    ["a causal model", { model: uniformModel({ vocabularySize: 16 }) }, "bad_options"],
    ["a tokenizer without a mask", { tokenizer: characterTokenizer("ab", CLS) }, "unsupported_tokenizer"],
    [
      "a mask beyond the model's rows",
      { model: uniformModel({ ...masked, vocabularySize: 2 }) },
      "shape_mismatch",
    ],
    ["a context longer than the model's", { context: 7 }, "context_too_long"],
    ["a context without room for a token", { context: 2 }, "bad_options"],
    ["a sample of nothing", { samples: 0 }, "bad_options"],
    ["no text", { documents: [] }, "bad_text"],
    ["a text without tokens", { documents: ["XYZ"] }, "bad_text"],
    ["NaN", { model: handMadeModel(masked, () => Number.NaN) }, "not_finite"],
  ])("of %s is an error", async (_, options, code) => {
    const work = pseudoLikelihood({ model: uniformModel(masked), tokenizer, documents: ["ab"], ...options });
    expect((await failure(work)).code).toBe(code);
  });
});

describe("the sample", () => {
  it("is in order, without repeats, and a larger one contains a smaller one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer(),
        (lengths, count, seed) => {
          const keyOf = ({ document, position }: { document: number; position: number }) =>
            document * 100 + position;
          const keys = samplePositions(lengths, count, seed).map(keyOf);
          const total = lengths.reduce((sum, length) => sum + length, 0);
          expect(keys).toHaveLength(Math.min(count, total));
          expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
          expect(samplePositions(lengths, count + 3, seed).map(keyOf)).toEqual(expect.arrayContaining(keys));
        },
      ),
    );
  });

  it("takes other positions of each of several documents that are equally long", () => {
    const sample = samplePositions([50, 50], 30, 0);
    const positionsOf = (wanted: number) =>
      sample.filter(({ document }) => document === wanted).map(({ position }) => position);
    expect(positionsOf(0)).not.toEqual(positionsOf(1));
  });

  it("draws a position's number from the seed, the document and the position alone", () => {
    const short = samplePositions([10, 10], 8, 5);
    const taken = samplePositions([10, 10, 10_000], 10_020, 5);
    expect(taken).toEqual(expect.arrayContaining(short));
    const amongAll = samplePositions([10, 10, 200], 100, 5).filter(({ document }) => document < 2);
    expect(samplePositions([10, 10], amongAll.length, 5)).toEqual(amongAll);
  });
});
