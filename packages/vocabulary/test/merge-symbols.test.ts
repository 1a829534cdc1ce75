import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeSymbols } from "../src/spell/merge-symbols.ts";
import type { MergeTable } from "../src/tokenizer-json/read-merges.ts";

/** Merges over ids 0 … 3 and what they make; ids made later may take part in later merges. */
const mergeLists = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 }).map((pairs) =>
  pairs.map(
    ([left, right], rank): Merge => ({
      left: left % (rank + 4),
      right: right % (rank + 4),
      made: rank + 4,
    }),
  ),
);

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly made: number;
}

describe("merging symbols", () => {
  it("merges h e l l o by ranks, lowest first, leftmost of equals", () => {
    // 0 h, 1 e, 2 l, 3 o; l l → 4, h e → 5, ll o → 6
    const merges = tableOf([
      { left: 2, right: 2, made: 4 },
      { left: 0, right: 1, made: 5 },
      { left: 4, right: 3, made: 6 },
    ]);
    expect(mergeSymbols([0, 1, 2, 2, 3], merges)).toEqual(Uint32Array.of(5, 6));
    expect(mergeSymbols([2, 2, 2], merges)).toEqual(Uint32Array.of(4, 2));
    expect(mergeSymbols([2], merges)).toEqual(Uint32Array.of(2));
    expect(mergeSymbols([], merges)).toEqual(new Uint32Array());
  });

  it("gives what a naive rescan of all pairs gives", () => {
    fc.assert(
      fc.property(mergeLists, fc.array(fc.nat(3), { maxLength: 40 }), (merges, symbols) => {
        expect([...mergeSymbols(symbols, tableOf(merges))]).toEqual(mergeNaively(symbols, merges));
      }),
      { numRuns: 2000 },
    );
  });
});

function tableOf(merges: readonly Merge[]): MergeTable {
  return {
    count: merges.length,
    merged: Int32Array.from(merges, ({ made }) => made),
    // Of equal pairs the last counts.
    rankOf: (left, right) => merges.findLastIndex((merge) => merge.left === left && merge.right === right),
  };
}

/** Finds the best pair anew after every merge. */
function mergeNaively(symbols: readonly number[], merges: readonly Merge[]): number[] {
  const { rankOf } = tableOf(merges);
  const ids = [...symbols];
  for (;;) {
    let best = -1;
    let place = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const rank = rankOf(ids[i], ids[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) [best, place] = [rank, i];
    }
    if (place < 0) return ids;
    ids.splice(place, 2, merges[best].made);
  }
}
