import type { TokenId } from "@revocab/core";
import type { MergeTable } from "@revocab/vocabulary/internal";

/** A merge table to which merges can be appended; the ranks of the old ones do not change. */
interface GrowingMerges extends MergeTable {
  append(left: TokenId, right: TokenId, merged: TokenId): void;
  /** Removes what was appended since the table had this count. */
  rewind(count: number): void;
}

export function growingMerges(base: MergeTable): GrowingMerges {
  let merged = base.merged.slice();
  let count = base.count;
  const pairs: (readonly [TokenId, TokenId])[] = [];
  const ranks = new Map<number, number>();
  return {
    get count() {
      return count;
    },
    get merged() {
      return merged;
    },
    rankOf(left, right) {
      const rank = base.rankOf(left, right);
      return rank >= 0 ? rank : (ranks.get(pairKey(left, right)) ?? -1);
    },
    append(left, right, id) {
      if (count === merged.length) {
        const grown = new Int32Array(count * 2 + 16);
        grown.set(merged);
        merged = grown;
      }
      merged[count] = id;
      ranks.set(pairKey(left, right), count++);
      pairs.push([left, right]);
    },
    rewind(to) {
      for (; count > to; count--) ranks.delete(pairKey(...pairs.pop()!));
    },
  };
}

/** Two ids as one number, exact as ids stay below 2^22. */
export function pairKey(left: TokenId, right: TokenId): number {
  return left * 2 ** 24 + right;
}

export function pairOf(key: number): readonly [left: TokenId, right: TokenId] {
  const right = key % 2 ** 24;
  return [(key - right) / 2 ** 24, right];
}
