import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planBatches } from "../src/batches.ts";

describe("batches of sequences", () => {
  it("put sequences of like lengths together, the longest first", () => {
    expect(planBatches([300, 900, 310, 890], { tokens: 1800 })).toEqual([
      [1, 3],
      [2, 0],
    ]);
  });

  it("pad no short sequence to a long one's length", () => {
    expect(planBatches([10, 500, 10, 10], { tokens: 4096 })).toEqual([[1], [0, 2, 3]]);
  });

  it("take no more work than any other grouping of neighbours by length", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 8 }), (lengths) => {
        const work = (batches: readonly (readonly number[])[]) =>
          batches.reduce(
            (sum, batch) => sum + 64 + batch.length * Math.max(...batch.map((i) => lengths[i])),
            0,
          );
        const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a]);
        const least = Math.min(...splits(order).map(work));
        expect(work(planBatches(lengths, { tokens: 1e9 }))).toBe(least);
      }),
    );
  });

  it("hold every sequence once, and no more positions than allowed unless one is longer", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 999 }),
        (lengths, tokens, squares) => {
          const batches = planBatches(lengths, { tokens, squares });
          expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
          for (const batch of batches) {
            const longest = Math.max(...batch.map((index) => lengths[index]));
            expect(
              batch.length === 1 ||
                (batch.length * longest <= tokens && batch.length * longest ** 2 <= squares),
            ).toBe(true);
          }
        },
      ),
    );
  });
});

/** All ways to cut a list into stretches. */
function splits(list: readonly number[]): number[][][] {
  if (list.length === 0) return [[]];
  return list.flatMap((_, i) => splits(list.slice(i + 1)).map((rest) => [list.slice(0, i + 1), ...rest]));
}
