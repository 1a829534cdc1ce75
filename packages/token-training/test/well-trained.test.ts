import { readFileSync } from "node:fs";
import type { StoredMatrix } from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import { handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { wellTrainedTokens } from "@revocab/token-training";
import { describe, expect, it } from "vitest";

function stored(rows: readonly (readonly number[])[]): StoredMatrix {
  return storeMatrix({ rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) });
}

describe("wellTrainedTokens", () => {
  const magikarp = JSON.parse(
    readFileSync(new URL("./fixtures/mergekit-magikarp.json", import.meta.url), "utf8"),
  );
  const names = Object.keys(magikarp.vocab);
  const vocabulary = handMadeVocabulary(names.map((name) => text(name)));
  const wellTrained = async (output: StoredMatrix | undefined) => {
    const training = await wellTrainedTokens({ vocabulary, input: stored(magikarp.embed), output });
    return names.filter((_, id) => training.isWellTrained(id)).sort();
  };

  it("keeps the tokens that mergekit keeps, with a head and without", async () => {
    expect(await wellTrained(stored(magikarp.head))).toEqual(magikarp.well_trained);
    expect(await wellTrained(undefined)).toEqual(magikarp.well_trained_no_head);
  });

  it("suspects a short input row, and rows like unused ones, and says which indicator does", async () => {
    // 200 tokens in as many directions of a circle, then a hole and padding along (0, 0, 1)
    const rows = Array.from({ length: 200 }, (_, i) => [Math.cos(i), Math.sin(i), 0]);
    rows[7] = [0.01, 0, 0];
    rows[8] = [0, 0.1, 3];
    const holes = [
      [0, 0, 2],
      [0, 0, 2],
    ];
    const head = rows.map((_, i) => (i === 9 ? [0.1, 0, 1] : [Math.cos(i), 0.5, 0]));
    const words = handMadeVocabulary([...rows.map((_, i) => text(`w${i}`)), UNUSED]);
    const training = await wellTrainedTokens({
      vocabulary: words,
      input: stored([...rows, ...holes]),
      output: stored([...head, ...holes]),
    });
    expect(training.unusedRows).toEqual([200, 201]);
    const suspicions = (token: number) => training.suspicionsOf(token).map(({ name }) => name);
    expect(suspicions(7)).toEqual(["norm of the input row"]);
    expect(suspicions(8)).toEqual(["cosine of the input row to the mean of unused rows"]);
    expect(suspicions(9)).toEqual(["cosine of the output row to the mean of unused rows"]);
    const [norm] = training.indicators;
    expect(norm.values[7]).toBeCloseTo(0.01);
    expect(norm.threshold).toBeGreaterThan(0.01);
    const left = rows.flatMap((_, id) => (training.isWellTrained(id) ? [] : [id]));
    expect(left.filter((id) => [7, 8, 9].includes(id))).toEqual([7, 8, 9]);
    expect(training.isWellTrained(200)).toBe(false);
  });

  it("has no indicator for a tied model without unused rows, and gives rows of zeros no NaN", async () => {
    const words = handMadeVocabulary([text("a"), text("b")]);
    const plain = await wellTrainedTokens({
      vocabulary: words,
      input: stored([
        [0, 0],
        [1, 0],
      ]),
    });
    expect([plain.indicators, plain.isWellTrained(0)]).toEqual([[], true]);
    const zeros = stored([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    const { indicators } = await wellTrainedTokens({ vocabulary: words, input: zeros, output: zeros });
    for (const { values } of indicators) expect(Array.from(values)).toEqual([0, 0, 0]);
  });
});
