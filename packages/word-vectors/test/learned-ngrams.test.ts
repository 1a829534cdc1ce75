import { join } from "node:path";
import { randomStream } from "@revocab/matrix";
import { scratchFolders } from "@revocab/test-support/folders";
import { type FastTextModel, readFastText, vectorsOfModel, writeFastText } from "@revocab/word-vectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learnedNgrams, ngramHashes } from "../src/files/ngrams.ts";

const newFolder = scratchFolders();
const LENGTHS = { minN: 3, maxN: 6 };
const WORDS = ["</s>", "walking", "talking", "bread"];

describe("with learned n-grams alone", () => {
  const model = modelOf(WORDS);
  const all = vectorsOfModel(model);
  const learned = vectorsOfModel(model, { onlyLearnedNgrams: true });

  it("the words themselves keep the vectors that fastText gives them", () => {
    expect(learned.rows(0, WORDS.length)).toEqual(all.rows(0, WORDS.length));
    for (const word of WORDS) expect(learned.vectorOf(word)).toEqual(all.vectorOf(word));
  });

  it("nothing is known of a word that shares none, though fastText has a vector for it", () => {
    for (const word of ["xyzzy", "</b>", "br"]) expect(all.vectorOf(word)).toBeDefined();
    for (const word of ["xyzzy", "</b>"]) expect(learned.vectorOf(word)).toBeUndefined();
    // "<br" is an n-gram of bread
    expect(learned.vectorOf("br")).toBeDefined();
  });

  it("another word is the mean of those it shares with some word", () => {
    const known = new Set(WORDS.slice(1).flatMap((word) => ngramHashes(word, LENGTHS)));
    const shared = ngramHashes("walked", LENGTHS).filter((hash) => known.has(hash));
    const { dimension, buckets } = model.arguments;
    const rows = shared.map((hash) => {
      const start = (WORDS.length + (hash % buckets)) * dimension;
      return model.input.subarray(start, start + dimension);
    });
    expect(shared.length).toBeGreaterThan(3);
    expect(shared.length).toBeLessThan(ngramHashes("walked", LENGTHS).length);
    const vector = learned.vectorOf("walked");
    for (let i = 0; i < dimension; i++) {
      expect(vector?.[i]).toBeCloseTo(rows.reduce((sum, row) => sum + row[i], 0) / rows.length, 6);
    }
  });

  it("a file gives the same as the model in memory, and all n-grams when not asked", async () => {
    const path = join(newFolder(), "model.bin");
    await writeFastText(path, model);
    const [asked, plain] = [await readFastText(path, { onlyLearnedNgrams: true }), await readFastText(path)];
    for (const word of ["walked", "xyzzy", "bread", "</s>"]) {
      expect(asked.vectorOf(word)).toEqual(learned.vectorOf(word));
      expect(plain.vectorOf(word)).toEqual(all.vectorOf(word));
    }
  });
});

it("an n-gram is learned exactly when some word has it, however many they are", () => {
  const words = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), { maxLength: 300 });
  fc.assert(
    fc.property(words, words, (known, others) => {
      const expected = new Set(known.flatMap((word) => ngramHashes(word, LENGTHS)));
      const isLearned = learnedNgrams(known, LENGTHS);
      for (const word of [...known, ...others]) {
        for (const hash of ngramHashes(word, LENGTHS)) expect(isLearned(hash)).toBe(expected.has(hash));
      }
    }),
    { numRuns: 30 },
  );
  expect(learnedNgrams([], LENGTHS)(0)).toBe(false);
});

/** Few buckets, so that strange n-grams share those of learned ones. */
function modelOf(words: readonly string[]): FastTextModel {
  const [dimension, buckets] = [5, 7];
  const { normal } = randomStream(1, 0);
  return {
    arguments: {
      ...{ model: "skipgram", loss: "negative-sampling", dimension, buckets, ...LENGTHS },
      ...{ window: 5, epochs: 1, minCount: 1, negatives: 5, wordNgrams: 1 },
      ...{ learningRateUpdateRate: 100, samplingThreshold: 1e-4 },
    },
    dictionary: { words, counts: new Float64Array(words.length).fill(3), tokenCount: 3 * words.length },
    input: Float32Array.from({ length: (words.length + buckets) * dimension }, normal),
    output: Float32Array.from({ length: words.length * dimension }, normal),
  };
}
