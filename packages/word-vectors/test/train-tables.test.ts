import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ngramBuckets } from "../src/files/ngrams.ts";
import { readTrainingCorpus } from "../src/train/training-corpus.ts";
import { keepThresholds, negativeTable, subwordTable } from "../src/train/training-tables.ts";

async function* pieces(...texts: string[]) {
  for (const text of texts) yield text.split(" ");
}

/** The chance of each word that an alias table gives. */
function odds(table: Uint32Array): number[] {
  const words = table.length / 2;
  const chances = new Array(words).fill(0);
  for (let column = 0; column < words; column++) {
    const own = (table[2 * column] + 1) / 2 ** 32;
    chances[column] += own / words;
    chances[table[2 * column + 1]] += (1 - own) / words;
  }
  return chances;
}

describe("the tables of training", () => {
  it("keep a word of share f with the chance √(t/f) + t/f, and always when that is 1 or more", () => {
    // of 10,000 words: f = 0.25, 0.0025, 0.0001; t = 1e-4: √(4e-4) + 4e-4, √0.04 + 0.04, 1 + 1
    const thresholds = keepThresholds(Float64Array.of(2500, 25, 1), 10_000, 1e-4);
    const chances = [...thresholds].map((threshold) => (threshold + 1) / 2 ** 32);
    expect(chances[0]).toBeCloseTo(0.0204, 8);
    expect(chances[1]).toBeCloseTo(0.24, 8);
    expect(chances[2]).toBe(1);
  });

  it("draw negatives as often as the square root of their counts says", () => {
    // roots 10, 4, 1, of 15
    const chances = odds(negativeTable(Float64Array.of(100, 16, 1)));
    expect(chances[0]).toBeCloseTo(10 / 15, 8);
    expect(chances[1]).toBeCloseTo(4 / 15, 8);
    expect(chances[2]).toBeCloseTo(1 / 15, 8);
  });

  it("draw negatives so for any counts", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 60 }), (counts) => {
        const roots = counts.map(Math.sqrt);
        const sum = roots.reduce((total, root) => total + root, 0);
        odds(negativeTable(Float64Array.from(counts))).forEach((chance, word) => {
          expect(chance).toBeCloseTo(roots[word] / sum, 8);
        });
      }),
    );
  });

  it("list a word's own row, then those of its n-grams, and for </s> its own alone", () => {
    const shape = { minN: 3, maxN: 3, buckets: 1000 };
    const { starts, rows } = subwordTable(["</s>", "cat"], shape);
    expect([...starts]).toEqual([0, 1, 5]);
    expect([...rows]).toEqual([0, 1, ...ngramBuckets("cat", shape).map((bucket) => 2 + bucket)]);
  });

  it("know how far the mean moves when n-grams share a row", () => {
    // <a, ab, b> in the one bucket there is: rows 0, 1, 1, 1; (1² + 3²) / 4
    expect([...subwordTable(["ab"], { minN: 2, maxN: 2, buckets: 1 }).gains]).toEqual([2.5]);
    expect([...subwordTable(["ab"], { minN: 0, maxN: 0, buckets: 0 }).gains]).toEqual([1]);
  });
});

describe("the dictionary of training", () => {
  it("holds the words seen often enough, the most frequent first, and the text without the others", async () => {
    const corpus = await readTrainingCorpus(pieces("b a c a", "b a rare d d b"), { minCount: 2 });
    expect(corpus.words).toEqual(["b", "a", "d"]);
    expect([...corpus.counts]).toEqual([3, 3, 2]);
    expect(corpus.tokenCount).toBe(10);
    expect([...corpus.tokens]).toEqual([0, 1, 1, 0, 1, 2, 2, 0]);
  });

  it("forgets the rarest words when there are too many, and keeps the counts of the others", async () => {
    const corpus = await readTrainingCorpus(pieces("a a a x y", "b b b z", "a b"), {
      minCount: 2,
      mostWords: 3,
    });
    expect(corpus.words).toEqual(["a", "b"]);
    expect([...corpus.counts]).toEqual([4, 4]);
    expect([...corpus.tokens]).toEqual([0, 0, 0, 1, 1, 1, 0, 1]);
  });

  it("list the rows of a word of 1 MB", () => {
    const word = "ab".repeat(500_000);
    const shape = { minN: 3, maxN: 6, buckets: 1000 };
    const { starts, rows } = subwordTable(["x", word], shape);
    const expected = [1, ...ngramBuckets(word, shape).map((bucket) => 2 + bucket)];
    expect(Array.from(rows.subarray(starts[1], starts[2]))).toEqual(expected);
  });
});
