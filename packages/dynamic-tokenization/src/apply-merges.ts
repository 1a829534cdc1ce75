import type { TokenId } from "@revocab/core";
import { pairKey, pairQueue } from "@revocab/vocabulary-editing/internal";
import { type DynamicMerges, endOfSegment } from "./merge-batch.ts";
import type { SegmentedText } from "./segments.ts";

/** Writes a text in merged tokens. */
export type ApplyMerges = (text: SegmentedText) => Uint32Array;

/**
 * Applies merges to texts: each in its turn, everywhere in a segment and from left to right, exactly as when they were learned.
 * The work of a text does not grow with the number of merges.
 */
export function mergeApplier({ merges }: Pick<DynamicMerges, "merges">): ApplyMerges {
  const turns = new Map<number, number[]>();
  for (const [turn, { left, right }] of merges.entries()) {
    const key = pairKey(left, right);
    const known = turns.get(key);
    if (known === undefined) turns.set(key, [turn]);
    else known.push(turn);
  }
  /** The first turn after another one at which two neighbours are merged. A pair that arises late may have missed its turn. */
  const turnAfter = (turn: number, left: TokenId, right: TokenId): number | undefined =>
    turns.get(pairKey(left, right))?.find((each) => each > turn);

  const mergeSegment = (segment: Uint32Array): Uint32Array => {
    const ids = Int32Array.from(segment);
    const next = Int32Array.from(segment, (_, place) => place + 1);
    const previous = Int32Array.from(segment, (_, place) => place - 1);
    // the earliest turn first, and of one turn the leftmost place
    const queue = pairQueue();
    const offer = (turn: number, place: number): void => {
      if (place < 0 || next[place] >= ids.length) return;
      const own = turnAfter(turn, ids[place], ids[next[place]]);
      if (own !== undefined) queue.push(-own, place);
    };
    for (let place = 0; place < ids.length; place++) offer(-1, place);
    for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
      const [turn, place] = [-top.count, top.key];
      const { left, right, merged } = merges[turn];
      const other = next[place];
      if (ids[place] !== left || other >= ids.length || ids[other] !== right) continue;
      ids[place] = merged;
      ids[other] = GONE;
      next[place] = next[other];
      if (next[place] < ids.length) previous[next[place]] = place;
      offer(turn, previous[place]);
      offer(turn, place);
    }
    return Uint32Array.from(ids.filter((id) => id !== GONE));
  };

  return ({ ids, starts }) => {
    const written = new Uint32Array(ids.length);
    let at = 0;
    for (let start = 0, end = 0; start < ids.length; start = end) {
      end = endOfSegment(starts, start);
      const segment = ids.subarray(start, end);
      const merged = end - start === 1 ? segment : mergeSegment(segment);
      written.set(merged, at);
      at += merged.length;
    }
    return written.slice(0, at);
  };
}

const GONE = -1;
