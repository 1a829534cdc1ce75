import type { TokenId } from "@revocab/core";
import { pairKey, pairOf } from "./growing-merges.ts";

/** A word of a corpus as a tokenizer writes it now. */
export interface CorpusWord {
  readonly ids: readonly TokenId[];
  /** How often the corpus has it. */
  readonly count: number;
  /** How often the spared text has it. @default 0 */
  readonly spared?: number;
}

export interface LearnedJoins {
  /** New pieces as the file writes them, in the order in which they were learned, with the count of the joined pair. */
  readonly pieces: readonly { readonly piece: string; readonly count: number }[];
  /** The joined pairs, by rank; several pairs may give the same piece. */
  readonly merges: readonly (readonly [string, string])[];
}

interface Joining {
  /** How many new pieces to learn. */
  readonly pieces: number;
  /** Rarer pairs are not joined. */
  readonly minimumCount: number;
  /** The id of the first new piece. */
  readonly firstId: TokenId;
  written(id: TokenId): string;
  /** The piece that two form; undefined if they must not be joined. */
  join(left: string, right: string): string | undefined;
  /** Whether a pair with this count in the corpus and in the spared text may be joined. @default always */
  readonly mayJoin?: (count: number, spared: number) => boolean;
  readonly onPiece?: (done: number) => void;
}

/**
 * BPE training, continued from an existing tokenizer: joins the most frequent pair of neighbours (ties go to the lowest ids)
 * until there are `pieces` new pieces or no pair is frequent enough.
 *
 * `l o w` ×5, `l o w e r` ×2 → `lo` (7), `low` (7), `lowe` (2), `lower` (2).
 * @see https://arxiv.org/abs/1508.07909
 */
export function learnJoins(corpus: readonly CorpusWord[], joining: Joining): LearnedJoins {
  const words = corpus.map(({ ids }) => [...ids]);
  const counts = new Map<number, number>();
  const sparedCounts = new Map<number, number>();
  const placesOf = new Map<number, Set<number>>();
  const queue = pairQueue();
  const countPairs = (place: number, sign: 1 | -1): void => {
    const word = words[place];
    for (let i = 1; i < word.length; i++) {
      const key = pairKey(word[i - 1], word[i]);
      counts.set(key, (counts.get(key) ?? 0) + sign * corpus[place].count);
      const { spared = 0 } = corpus[place];
      if (spared > 0) sparedCounts.set(key, (sparedCounts.get(key) ?? 0) + sign * spared);
      if (sign < 0) continue;
      const places = placesOf.get(key);
      if (places === undefined) placesOf.set(key, new Set([place]));
      else places.add(place);
    }
  };
  for (let place = 0; place < words.length; place++) countPairs(place, 1);
  for (const [key, count] of counts) queue.push(count, key);

  const forms: string[] = [];
  const idOf = new Map<string, TokenId>();
  const pieces: { piece: string; count: number }[] = [];
  const merges: (readonly [string, string])[] = [];
  const written = (id: TokenId) => forms[id - joining.firstId] ?? joining.written(id);
  while (pieces.length < joining.pieces) {
    const top = queue.pop();
    if (top === undefined || top.count < joining.minimumCount) break;
    const count = counts.get(top.key) ?? 0;
    if (count !== top.count) {
      if (count > 0 && count < top.count) queue.push(count, top.key);
      continue;
    }
    if (joining.mayJoin?.(count, sparedCounts.get(top.key) ?? 0) === false) continue;
    const [left, right] = pairOf(top.key);
    const piece = joining.join(written(left), written(right));
    if (piece === undefined) continue;
    merges.push([written(left), written(right)]);
    const id = idOf.get(piece) ?? joining.firstId + forms.length;
    if (!idOf.has(piece)) {
      idOf.set(piece, id);
      forms.push(piece);
      pieces.push({ piece, count });
      joining.onPiece?.(pieces.length);
    }
    const touched = new Set<number>();
    for (const place of placesOf.get(top.key) ?? []) {
      countPairs(place, -1);
      words[place] = joined(words[place], left, right, id);
      countPairs(place, 1);
      for (let i = 1; i < words[place].length; i++) {
        const [a, b] = [words[place][i - 1], words[place][i]];
        if (a === id || b === id) touched.add(pairKey(a, b));
      }
    }
    counts.delete(top.key);
    sparedCounts.delete(top.key);
    placesOf.delete(top.key);
    for (const key of touched) queue.push(counts.get(key)!, key);
  }
  return { pieces, merges };
}

function joined(word: readonly TokenId[], left: TokenId, right: TokenId, id: TokenId): TokenId[] {
  const result: TokenId[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === left && word[i + 1] === right) {
      result.push(id);
      i++;
    } else result.push(word[i]);
  }
  return result;
}

/** A priority queue of pairs: the most frequent first, ties by the lowest key. */
interface PairQueue {
  push(count: number, key: number): void;
  pop(): { readonly count: number; readonly key: number } | undefined;
}

/** A binary heap. A pair whose count changed is pushed again; the caller recognizes the stale entry by its count. */
export function pairQueue(): PairQueue {
  const counts: number[] = [];
  const keys: number[] = [];
  const isBefore = (a: number, b: number) =>
    counts[a] > counts[b] || (counts[a] === counts[b] && keys[a] < keys[b]);
  const swap = (a: number, b: number): void => {
    [counts[a], counts[b]] = [counts[b], counts[a]];
    [keys[a], keys[b]] = [keys[b], keys[a]];
  };
  return {
    push(count, key) {
      let child = counts.push(count) - 1;
      keys.push(key);
      for (let parent = (child - 1) >> 1; child > 0 && isBefore(child, parent); parent = (child - 1) >> 1) {
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      if (counts.length === 0) return undefined;
      swap(0, counts.length - 1);
      const top = { count: counts.pop()!, key: keys.pop()! };
      for (let parent = 0; ; ) {
        const [left, right] = [parent * 2 + 1, parent * 2 + 2];
        if (left >= counts.length) return top;
        const child = right < counts.length && isBefore(right, left) ? right : left;
        if (!isBefore(child, parent)) return top;
        swap(child, parent);
        parent = child;
      }
    },
  };
}
