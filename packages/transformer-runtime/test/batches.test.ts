import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planBatches } from "../src/batches.ts";

describe("batches of sequences", () => {
  it("put sequences of like lengths together, the longest first", () => {
    expect(planBatches([3, 9, 4, 8], { tokens: 18 })).toEqual([
      [1, 3],
      [2, 0],
    ]);
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
