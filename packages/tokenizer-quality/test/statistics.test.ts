import { gini, tokenStatistics } from "@revocab/tokenizer-quality";
import { describe, expect, it } from "vitest";

describe("statistics of token counts", () => {
  it("are those of a worked example: 4, 2, 1 and 1 of 16 tokens", () => {
    const counts = new Float64Array(16);
    counts.set([1, 0, 4, 0, 2, 1]);
    const found = tokenStatistics(counts, 16);
    const powers = 2 ** -2.5 + 2 ** -5 + 2 * 2 ** -7.5;
    expect(found).toMatchObject({ tokens: 8, types: 4, vocabularyUse: 0.25, typeTokenRatio: 0.5 });
    expect(found.shannonEntropy).toBeCloseTo(1.75, 12);
    expect(found.shannonEfficiency).toBeCloseTo(1.75 / 4, 12);
    expect(found.renyiEntropy).toBeCloseTo(Math.log2(powers) / -1.5, 12);
    expect(found.renyiEfficiency).toBeCloseTo(Math.log2(powers) / -6, 12);
    expect(found.meanRank).toBeCloseTo((4 * 1 + 2 * 2 + 1 * 3 + 1 * 4) / 8, 12);
  });

  it("of a text that uses all tokens alike are 1, whatever the order of the entropy", () => {
    const { shannonEfficiency, renyiEfficiency, vocabularyUse } = tokenStatistics(
      new Float64Array(32).fill(3),
      32,
    );
    expect(shannonEfficiency).toBeCloseTo(1, 12);
    expect(renyiEfficiency).toBeCloseTo(1, 12);
    expect(vocabularyUse).toBe(1);
  });

  it("fall where a vocabulary has tokens that the text does not use", () => {
    const counts = new Float64Array(64).fill(0).fill(1, 0, 32);
    expect(tokenStatistics(counts, 64).renyiEfficiency).toBeCloseTo(5 / 6, 12);
  });
});

describe("the Gini coefficient", () => {
  it("is 0 for equal costs, and that of a worked example otherwise", () => {
    expect(gini([0.3, 0.3, 0.3])).toBe(0);
    expect(gini([1, 3])).toBeCloseTo((2 * 2) / (2 * 4 * 2), 12);
  });

  it("does not depend on the unit of costs", () => {
    expect(gini([1, 2, 5])).toBeCloseTo(gini([10, 20, 50]), 12);
  });
});
