import type { TokenId } from "@revocab/core";
import { badTokenizer } from "./bad-tokenizer.ts";
import { MAX_TOKENS } from "./limits.ts";

/** BPE merges by rank, findable by the pair they join. */
export interface MergeTable {
  readonly count: number;
  /** [count] the id that the merge of that rank makes. */
  readonly merged: Int32Array;
  /** The rank of joining two ids, or −1. */
  rankOf(left: TokenId, right: TokenId): number;
}

/**
 * Reads `model.merges`, `"a b"` strings or `["a", "b"]` pairs. Both pieces and what they join to must be in the
 * vocabulary, and the second must have the prefix: the tokenizers library aborts the whole process on a merge whose
 * result is missing or whose second piece is shorter than the prefix.
 */
export function readMerges(
  merges: unknown,
  idOfPiece: ReadonlyMap<string, TokenId>,
  continuingPrefix: string,
  origin: string,
): MergeTable {
  if (!Array.isArray(merges)) {
    throw badTokenizer(origin, `model.merges: found ${nameOf(merges)}, expected a list of pairs`);
  }
  if (merges.length > MAX_TOKENS) {
    throw badTokenizer(origin, `model.merges: found ${merges.length} merges, expected at most ${MAX_TOKENS}`);
  }
  // Files made from merges.txt may keep its first line.
  const first = typeof merges[0] === "string" && merges[0].startsWith("#version") ? 1 : 0;
  const count = merges.length - first;
  const left = new Int32Array(count);
  const right = new Int32Array(count);
  const merged = new Int32Array(count);
  for (let rank = 0; rank < count; rank++) {
    const merge: unknown = merges[first + rank];
    const pair: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    const [a, b] = pair;
    if (pair.length !== 2 || typeof a !== "string" || typeof b !== "string") {
      throw badTokenizer(
        origin,
        `model.merges[${first + rank}]: found ${JSON.stringify(merge)?.slice(0, 80)}, expected two pieces`,
      );
    }
    if (!b.startsWith(continuingPrefix)) {
      throw badTokenizer(
        origin,
        `model.merges[${first + rank}]: found ${JSON.stringify(b)} as the second piece, expected it to begin with ${JSON.stringify(continuingPrefix)}`,
      );
    }
    const joined = continuingPrefix === "" ? a + b : a + b.slice(continuingPrefix.length);
    left[rank] = idOf(a);
    right[rank] = idOf(b);
    merged[rank] = idOf(joined);

    function idOf(piece: string): TokenId {
      const id = idOfPiece.get(piece);
      if (id !== undefined) return id;
      throw badTokenizer(
        origin,
        `model.merges[${first + rank}] joins ${JSON.stringify(a)} and ${JSON.stringify(b)}, but model.vocab has no ${JSON.stringify(piece)}`,
      );
    }
  }
  return { count, merged, rankOf: indexPairs(left, right) };
}

/** Of equal pairs the last counts, as in the tokenizers library. */
function indexPairs(left: Int32Array, right: Int32Array): MergeTable["rankOf"] {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(left.length, 4) * 2));
  const mask = slots - 1;
  const rankAt = new Int32Array(slots).fill(-1);
  const slotOf = (a: TokenId, b: TokenId): number => {
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    for (; rankAt[slot] >= 0; slot = (slot + 1) & mask) {
      if (left[rankAt[slot]] === a && right[rankAt[slot]] === b) break;
    }
    return slot;
  };
  for (let rank = 0; rank < left.length; rank++) rankAt[slotOf(left[rank], right[rank])] = rank;
  return (a, b) => rankAt[slotOf(a, b)];
}

function nameOf(value: unknown): string {
  return value === undefined ? "nothing" : value === null ? "null" : typeof value;
}
