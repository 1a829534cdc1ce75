import type { TokenId } from "@revocab/core";
import type { MergeTable } from "../tokenizer-json/read-merges.ts";

/**
 * Merges the pair of lowest rank (ties go to the leftmost) until no pair has a merge: `h e l l o` with merges `l l`, `h e` →
 * `he ll o`. O(n log n): a queue of candidate pairs over a linked list.
 *
 * A hidden token may arise while merging, but not remain: it is split into the two pieces of its last merge, and these again
 * if they are hidden. With `he` hidden the example gives `h e ll o`. Leaving out its merges instead would make longer tokens
 * built on it unreachable: with a tenth of GPT-2's tokens hidden, three in ten of the others. A hidden token of a single
 * symbol stays, as it has no parts.
 */
export function mergeSymbols(
  symbols: readonly TokenId[],
  merges: MergeTable,
  isHidden?: (id: TokenId) => boolean,
): Uint32Array {
  const pieces: TokenId[] = [];
  const collect = (part: readonly TokenId[], fewest: number): void => {
    const { ids, next } = mergeUntil(part, merges, fewest);
    for (let place = 0; place < part.length; place = next[place]) {
      const isDivisible = next[place] - place > 1;
      if (isDivisible && isHidden?.(ids[place])) collect(part.slice(place, next[place]), 2);
      else pieces.push(ids[place]);
    }
  };
  collect(symbols, 1);
  return Uint32Array.from(pieces);
}

/**
 * Merges until no pair has a merge or `fewest` pieces are left: `ids` at place 0, next[0], next[next[0]], …
 * @param onMerge called for each merge with the place of the merged piece and that of the next one
 */
export function mergeUntil(
  symbols: readonly TokenId[],
  merges: MergeTable,
  fewest: number,
  onMerge?: (rank: number, place: number, next: number) => void,
): { readonly ids: Int32Array; readonly next: Int32Array } {
  const count = symbols.length;
  const ids = Int32Array.from(symbols);
  const next = Int32Array.from(symbols, (_, i) => i + 1);
  const previous = Int32Array.from(symbols, (_, i) => i - 1);
  const queue: number[] = [];
  // rank × count + place is exact below 2^53 and sorts by rank, then by place.
  const offer = (place: number): void => {
    if (place < 0 || next[place] >= count) return;
    const rank = merges.rankOf(ids[place], ids[next[place]]);
    if (rank >= 0) push(queue, rank * count + place);
  };
  for (let place = 0; place < count - 1; place++) offer(place);

  let left = count;
  while (left > fewest && queue.length > 0) {
    const candidate = pop(queue);
    const place = candidate % count;
    const rank = (candidate - place) / count;
    const other = next[place];
    // Stale: one of the two was merged in the meantime.
    if (ids[place] < 0 || other >= count || merges.rankOf(ids[place], ids[other]) !== rank) continue;
    ids[place] = merges.merged[rank];
    ids[other] = -1;
    next[place] = next[other];
    if (next[other] < count) previous[next[other]] = place;
    left--;
    onMerge?.(rank, place, next[place]);
    offer(previous[place]);
    offer(place);
  }
  return { ids, next };
}

/** A binary heap, smallest first. */
function push(heap: number[], value: number): void {
  let child = heap.length;
  heap.push(value);
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (heap[parent] <= value) break;
    heap[child] = heap[parent];
    child = parent;
  }
  heap[child] = value;
}

function pop(heap: number[]): number {
  const smallest = heap[0];
  const value = heap.pop()!;
  const size = heap.length;
  if (size === 0) return smallest;
  let parent = 0;
  for (;;) {
    let child = parent * 2 + 1;
    if (child >= size) break;
    if (child + 1 < size && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = value;
  return smallest;
}
