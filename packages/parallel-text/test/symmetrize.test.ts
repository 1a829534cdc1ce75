import { symmetrize } from "@revocab/parallel-text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const sorted = (links: readonly (readonly [number, number])[]) => links.map(([i, j]) => `${i}-${j}`).sort();

/**
 * Source words down, target words across: B is of both directions, f of the forward, r of the reverse one.
 *
 *       0 1 2 3 4
 *     0 B f . . .
 *     1 r . . . .
 *     2 . . . f .
 *     3 . . . . r
 *     4 . . f . .
 */
const FORWARD = Int32Array.of(0, 0, 4, 2, -1);
const REVERSE = Int32Array.of(0, 0, -1, 4, -1);

describe("symmetrize", () => {
  it("intersects and unites the two directions", () => {
    expect(sorted(symmetrize(FORWARD, REVERSE, "intersect"))).toEqual(["0-0"]);
    expect(sorted(symmetrize(FORWARD, REVERSE, "union"))).toEqual(["0-0", "0-1", "1-0", "2-3", "3-4", "4-2"]);
  });

  it("grows by neighbors that reach a new word, then adds links between words without any", () => {
    // 0-1 and 1-0 are next to 0-0; 2-3, 3-4 and 4-2 are next to nothing, but reach two words without links each
    expect(sorted(symmetrize(FORWARD, REVERSE, "grow-diag-final-and"))).toEqual([
      "0-0",
      "0-1",
      "1-0",
      "2-3",
      "3-4",
      "4-2",
    ]);
  });

  it("leaves out what is next to a link but between two words that have one", () => {
    // 0-0 and 1-1 are of both; 0-1 is next to both, and both its words have a link
    expect(sorted(symmetrize(Int32Array.of(0, 1, -1), Int32Array.of(0, 1), "grow-diag-final-and"))).toEqual([
      "0-0",
      "1-1",
    ]);
    const forward = Int32Array.of(0, 0);
    const reverse = Int32Array.of(0, 1);
    // 0-0 of both; forward 0-1 and reverse 1-1 both reach a word without a link: 1-1 lies on the diagonal and comes first
    expect(sorted(symmetrize(forward, reverse, "grow-diag-final-and"))).toEqual(["0-0", "1-1"]);
  });

  it("adds no link far from the others whose one word has a link already", () => {
    // 0-0 of both; 0-4 is of the forward direction alone, far away, and word 0 has a link
    const forward = Int32Array.of(0, -1, -1, -1, 0);
    const reverse = Int32Array.of(0, -1, -1, -1, -1);
    expect(sorted(symmetrize(forward, reverse, "grow-diag-final-and"))).toEqual(["0-0"]);
  });

  it("gives no links for no links", () => {
    for (const method of ["grow-diag-final-and", "intersect", "union"] as const) {
      expect(symmetrize(Int32Array.of(-1), Int32Array.of(-1, -1), method)).toEqual([]);
    }
  });

  it("lies between intersection and union, and is transposed when the languages are", () => {
    const line = fc
      .record({ n: fc.integer({ min: 1, max: 9 }), m: fc.integer({ min: 1, max: 9 }) })
      .chain(({ n, m }) =>
        fc.record({
          forward: fc.array(fc.integer({ min: -1, max: n - 1 }), { minLength: m, maxLength: m }),
          reverse: fc.array(fc.integer({ min: -1, max: m - 1 }), { minLength: n, maxLength: n }),
        }),
      );
    fc.assert(
      fc.property(line, (given) => {
        const forward = Int32Array.from(given.forward);
        const reverse = Int32Array.from(given.reverse);
        const links = symmetrize(forward, reverse, "grow-diag-final-and");
        const transposed = symmetrize(reverse, forward, "grow-diag-final-and");
        expect(sorted(transposed.map(([i, j]) => [j, i]))).toEqual(sorted(links));
        const union = sorted(symmetrize(forward, reverse, "union"));
        const all = sorted(links);
        expect(all.every((link) => union.includes(link))).toBe(true);
        expect(sorted(symmetrize(forward, reverse, "intersect")).every((link) => all.includes(link))).toBe(
          true,
        );
        expect(new Set(all).size).toBe(all.length);
      }),
      { numRuns: 500 },
    );
  });
});
