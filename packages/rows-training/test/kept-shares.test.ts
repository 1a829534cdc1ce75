import { matrixOfBytes } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { keptShares, occurrencesIn } from "../src/kept-shares.ts";
import { keptRows, learnerOf } from "../src/learner.ts";
import { openRowTable } from "../src/row-table.ts";

const query = (...tokens: number[]) => ({
  tokens: Uint32Array.from(tokens),
  positions: Uint32Array.from(tokens.slice(1).keys()),
  targets: Uint32Array.from(tokens.slice(1)),
});

// 1 begins both and is never predicted; 2 comes ten times; 3 ends the second
const occurrences = occurrencesIn([query(1, ...Array<number>(10).fill(2)), query(1, 3)]);

async function learnerOfOnes(isTied: boolean) {
  const ones = new Uint8Array(new Float32Array(5 * 2).fill(1).buffer);
  const matrix = matrixOfBytes({ rows: 5, columns: 2, dtype: "F32" }, ones);
  return learnerOf("input", await openRowTable(matrix, new Set([1, 2, 3, 4]), "all"), isTied, occurrences);
}

describe("what is kept of the movement of a row", () => {
  it("is n / (n + 10) for a token that is read or predicted n times", () => {
    expect([...occurrences].sort()).toEqual([
      [1, 2],
      [2, 10],
      [3, 1],
    ]);
    expect(keptShares(Uint32Array.of(1, 2, 3), occurrences)).toEqual(Float32Array.of(2 / 12, 1 / 2, 1 / 11));
  });

  it("is all for a token that the text does not have, and nothing where no row learns", () => {
    expect([...keptShares(Uint32Array.of(4), occurrences)]).toEqual([1]);
    expect(keptShares(new Uint32Array(0), occurrences)).toHaveLength(0);
  });

  it.each([true, false])(
    "puts each row between where it began and where it is (tied: %s)",
    async (isTied) => {
      const learner = await learnerOfOnes(isTied);
      expect([...keptRows(learner)]).toEqual(Array(8).fill(1));
      learner.table.learning.set([13, -11, 3, 5, 12, 1, 7, -7]);
      const expected = [3, -1, 2, 3, 2, 1, 7, -7];
      for (const [i, value] of keptRows(learner).entries())
        expect(value).toBeCloseTo(expected[i] as number, 5);
      expect([...learner.table.learning]).toEqual([13, -11, 3, 5, 12, 1, 7, -7]);
    },
  );
});
