import type { ProgressEvent } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { WordPair } from "@revocab/vocab-alignment";
import { heldOutPrecision, splitPairs, translationPrecision } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";
import { meanOfNearest } from "../src/align/mean-of-nearest.ts";
import { vectorsOf } from "./align-vectors.ts";

const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
const pair = (source: string, target: string): WordPair => ({ source, target });
const values = ({ precision }: { precision: readonly { value: number }[] }) =>
  precision.map(({ value }) => value);

describe("the precision of translations", () => {
  const source = vectorsOf(["dog", "cat", "tree"], [at(0), at(60), at(90)]);
  const target = vectorsOf(["hund", "hündin", "katze", "baum"], [at(5), at(2), at(80), at(62)]);
  const pairs = [pair("dog", "hund"), pair("dog", "hündin"), pair("cat", "katze"), pair("tree", "baum")];

  it("is the share of words with a translation among the k nearest", async () => {
    const found = await translationPrecision({ source, target, pairs, k: [1, 2, 3] });
    // dog: hündin is nearest; cat: baum, then katze; tree: katze, then baum
    expect(values(found)).toEqual([1 / 3, 1, 1]);
    expect(found.queries).toBe(3);
    expect(found.unknownPairs).toBe(0);
  });

  it("asks for each word once, in a form that is known, and counts the pairs that are not", async () => {
    const asked = [...pairs, pair("Dog", "Hund"), pair("bird", "vogel"), pair("cat", "kater")];
    const found = await translationPrecision({ source, target, pairs: asked, k: [1] });
    expect(found.queries).toBe(3);
    expect(found.unknownPairs).toBe(2);
    expect(values(found)).toEqual([1 / 3]);
  });

  it("is taken after turning the source, where a rotation is given", async () => {
    const turned = vectorsOf(["dog", "cat", "tree"], [at(90), at(150), at(180)]);
    const rotation = { rows: 2, columns: 2, data: Float32Array.of(0, -1, 1, 0) };
    expect(values(await translationPrecision({ source: turned, target, rotation, pairs }))).toEqual([
      1 / 3,
      1,
    ]);
  });

  it("leaves out target words beyond the most frequent ones", async () => {
    const found = await translationPrecision({ source, target, pairs, k: [1], maximumWords: 2 });
    expect(found.queries).toBe(1);
    expect(found.unknownPairs).toBe(2);
  });

  it("by CSLS is not misled by a word that is near to all", async () => {
    // The hub lies between both words, nearer to each than its translation; each has one other word of its own direction.
    const crowd = vectorsOf(
      ["a", "b", ...Array.from({ length: 20 }, (_, i) => `x${i}`)],
      [at(0), at(40), ...Array.from({ length: 20 }, (_, i) => at(15 + i / 2))],
    );
    const hub = vectorsOf(["hub", "alpha", "beta"], [at(20), at(-21), at(61)]);
    const asked = [pair("a", "alpha"), pair("b", "beta")];
    expect(values(await translationPrecision({ source: crowd, target: hub, pairs: asked, k: [1] }))).toEqual([
      0,
    ]);
    const csls = await translationPrecision({ source: crowd, target: hub, pairs: asked, k: [1], csls: true });
    expect(values(csls)).toEqual([1]);
  });

  it("equals its naive twin, by cosine and by CSLS, over several blocks", async () => {
    const { normal } = randomStream(3, 0);
    const rows = (count: number) => Array.from({ length: count }, () => Array.from({ length: 6 }, normal));
    const count = 1100;
    const targetRows = rows(count);
    const noise = rows(count);
    const sourceRows = targetRows.map((row, i) => row.map((value, j) => value + 0.5 * noise[i][j]));
    const words = targetRows.map((_, i) => `w${i}`);
    const asked = words.slice(0, 1050).map((word) => pair(word, word));
    const options = {
      source: vectorsOf(words, sourceRows),
      target: vectorsOf(words, targetRows),
      pairs: asked,
    };
    const cosines = sourceRows.map((a) => targetRows.map((b) => cosine(a, b)));
    const penalty = targetRows.map((_, j) => {
      const nearest = cosines.map((row) => row[j]).sort((a, b) => b - a);
      return nearest.slice(0, 10).reduce((a, b) => a + b, 0) / 10;
    });
    for (const csls of [false, true]) {
      const ranks = asked.map((_, i) => {
        const scores = cosines[i].map((value, j) => (csls ? 2 * value - penalty[j] : value));
        return scores.filter((score) => score > scores[i]).length;
      });
      const expected = [1, 5, 20].map((k) => ranks.filter((rank) => rank < k).length / ranks.length);
      const found = values(await translationPrecision({ ...options, k: [1, 5, 20], csls }));
      for (const [i, value] of found.entries())
        expect(Math.abs(value - expected[i])).toBeLessThan(1.5 / 1050);
      expect(found[0]).toBeGreaterThan(0.05);
      expect(found[0]).toBeLessThan(0.95);
    }
  });

  it("does not take a word without a direction for a translation", async () => {
    const zeros = vectorsOf(["nichts", "hund"], [[0, 0], at(170)]);
    expect(
      values(await translationPrecision({ source, target: zeros, pairs: [pair("dog", "hund")] })),
    ).toEqual([1, 1]);
    expect(
      values(await translationPrecision({ source, target: zeros, pairs: [pair("dog", "nichts")], k: [1] })),
    ).toEqual([0]);
  });

  it.each([
    ["spaces of different widths", { target: vectorsOf(["hund"], [[1]]) }, "shape_mismatch"],
    ["no word", { k: [0] }, "bad_options"],
    ["pairs that nobody knows", { pairs: [pair("x", "y")] }, "no_evidence"],
    ["an aborted signal", { job: { abortSignal: AbortSignal.abort() } }, "aborted"],
  ] as const)("is refused for %s", async (_, change, code) => {
    await expect(translationPrecision({ source, target, pairs, ...change })).rejects.toMatchObject({ code });
  });
});

describe("a split of a dictionary", () => {
  const pairs = Array.from({ length: 2000 }, (_, i) =>
    pair(i % 2 ? `Word${i >> 2}` : `word${i >> 2}`, `wort${i}`),
  );

  it("puts all translations of a word on one side, whatever its case", () => {
    const { fitted, heldOut } = splitPairs({ pairs, share: 0.3, seed: 5 });
    expect(fitted.length + heldOut.length).toBe(2000);
    const words = new Set(heldOut.map(({ source }) => source.toLowerCase()));
    expect(fitted.some(({ source }) => words.has(source.toLowerCase()))).toBe(false);
    expect(Math.abs(words.size / 500 - 0.3)).toBeLessThan(0.06);
  });

  it("is the same for the same seed and another for another", () => {
    expect(splitPairs({ pairs, seed: 1 })).toEqual(splitPairs({ pairs, seed: 1 }));
    expect(splitPairs({ pairs, seed: 1 })).not.toEqual(splitPairs({ pairs, seed: 2 }));
  });

  it.each([0, 1, Number.NaN])("cannot hold out a share of %s", (share) => {
    expect(() => splitPairs({ pairs, share })).toThrow(/expected one between 0 and 1/);
  });
});

describe("the precision on held-out words", () => {
  const { normal } = randomStream(9, 0);
  const rows = Array.from({ length: 300 }, () => Array.from({ length: 5 }, normal));
  const words = rows.map((_, i) => `w${i}`);
  const pairs = words.map((word) => pair(word, word));
  const source = vectorsOf(words, rows);

  it("is perfect for a space that is only turned, and near chance for one that has nothing to do with it", async () => {
    const events: ProgressEvent[] = [];
    const turned = vectorsOf(
      words,
      rows.map(([a, b, c, d, e]) => [b, -a, e, c, d]),
    );
    const fit = await heldOutPrecision({
      source,
      target: turned,
      pairs,
      job: { onProgress: (event) => events.push(event) },
    });
    expect(values(fit)).toEqual([1, 1]);
    expect(fit.queries).toBeGreaterThan(10);
    expect(fit.queries).toBeLessThan(60);
    expect(events.length).toBeGreaterThan(0);
    const other = vectorsOf(
      words,
      words.map(() => Array.from({ length: 5 }, normal)),
    );
    expect(values(await heldOutPrecision({ source, target: other, pairs, share: 0.5 }))[0]).toBeLessThan(
      0.05,
    );
  });

  it("needs enough pairs to hold some out", async () => {
    const few = [pair("w1", "w1"), pair("x", "w2"), pair("w3", "y")];
    const score = heldOutPrecision({ source, target: source, pairs: few });
    await expect(score).rejects.toThrow(/both sides know 1 of 3 pairs: too few/);
    await expect(score).rejects.toMatchObject({ code: "no_evidence" });
  });

  it("depends on the seed of the split alone", async () => {
    const options = { source, target: source, pairs, seed: 4 };
    expect(await heldOutPrecision(options)).toEqual(await heldOutPrecision(options));
  });
});

it("the mean of the nearest is over all rows where those are fewer than ten", async () => {
  const rows = (values: number[][]) => ({
    rows: values.length,
    columns: 2,
    data: Float32Array.from(values.flat()),
  });
  const { storeMatrix } = await import("@revocab/matrix");
  const means = await meanOfNearest(rows([at(0)]), storeMatrix(rows([at(0), at(60), at(90)])));
  expect(means[0]).toBeCloseTo(0.5, 6);
});

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
