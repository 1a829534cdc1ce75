import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { coverageOf, readDictionary, type WordPair } from "@revocab/vocab-alignment";
import { alignSpaces, readWordVectors, translationPrecision, type WordVectors } from "@revocab/word-vectors";
import { beforeAll, describe, expect, it } from "vitest";

/** 300-d vectors of ten numbers and ten animals and fruits, in the same order in both languages. */
describe.skipIf(!realData)("English and Italian words", () => {
  let english: WordVectors;
  let italian: WordVectors;
  let pairs: WordPair[];

  beforeAll(async () => {
    const path = (language: string) =>
      join(
        realData as string,
        "word-vectors",
        `${language}.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt`,
      );
    english = await readWordVectors(path("EN"));
    italian = await readWordVectors(path("IT"));
    pairs = english.words.map((source, i) => ({ source, target: italian.words[i] }));
  });

  it("are turned by ten pairs as near as numpy brings them, find their translations, and few of those unseen", async () => {
    const numbers = pairs.slice(0, 10);
    const { source, target, ...aligned } = await alignSpaces({
      source: english,
      target: italian,
      pairs: numbers,
    });
    expect(aligned.distinctPairs).toBe(10);
    expect(aligned.correspondences).toBe(40);
    const left = source.rows(0, 10).data;
    const right = italian.rows(0, 10).data;
    // u, s, v = numpy.linalg.svd(A.T @ B); numpy.linalg.norm(A @ (u @ v) - B)
    expect(Math.hypot(...left.map((value, i) => value - right[i]))).toBeCloseTo(1.8606335084, 5);
    const seen = await translationPrecision({ source, target, pairs: numbers, k: [1] });
    expect(seen.precision).toEqual([{ k: 1, value: 1 }]);
    const unseen = await translationPrecision({ source, target, pairs: pairs.slice(10), k: [1, 20] });
    expect(unseen.precision[0].value).toBeLessThan(0.5);
    expect(unseen.precision[1].value).toBe(1);
  });

  it("cannot be aligned by a dictionary with spaces for tabs", async () => {
    const path = join(realData as string, "word-vectors", "OPUS_en_it_europarl_train_one2ten.txt");
    await expect(readDictionary(path)).rejects.toThrow(/line 1 has no tab, expected one: "one uno"/);
  });

  it("are covered by a dictionary as far as it has them", async () => {
    const dictionary = await readDictionary(join(realData as string, "dictionaries", "english-german.txt"));
    const { sourceKnown, bothKnown } = coverageOf(dictionary, english, italian);
    expect(sourceKnown).toBeGreaterThan(20);
    expect(bothKnown).toBeLessThan(sourceKnown);
  });
});
