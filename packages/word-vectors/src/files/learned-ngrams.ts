import { type NgramLengths, ngramHashes } from "./ngram-hashes.ts";

/**
 * Tells the n-grams that some word has from all others: the rows of those are as they were drawn before training, and say
 * nothing. Told by whole hashes, for a strange n-gram often shares the bucket of a learned one.
 *
 * Memory: 4 bytes for each different n-gram, and as many again while they are collected.
 * @param spellings the words of a model, as their n-grams are made
 */
export function learnedNgrams(
  spellings: Iterable<string | Uint8Array>,
  lengths: NgramLengths,
): (hash: number) => boolean {
  let hashes = new Uint32Array(1 << 12);
  let count = 0;
  for (const spelling of spellings) {
    const found = ngramHashes(spelling, lengths);
    if (count + found.length > hashes.length) {
      count = distinct(hashes, count);
      hashes = grown(hashes, count, count + found.length);
    }
    hashes.set(found, count);
    count += found.length;
  }
  count = distinct(hashes, count);
  const learned = hashes.slice(0, count);
  return (hash) => learned[lowerBound(learned, hash)] === hash;
}

/** Sorts the first `count` and keeps each once → how many are kept. */
function distinct(hashes: Uint32Array, count: number): number {
  hashes.subarray(0, count).sort();
  let kept = 0;
  for (let i = 0; i < count; i++) if (i === 0 || hashes[i] !== hashes[i - 1]) hashes[kept++] = hashes[i];
  return kept;
}

/** At least twice what is kept, so that sorting stays rare. */
function grown(hashes: Uint32Array, kept: number, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(hashes.length, 2 * needed));
  larger.set(hashes.subarray(0, kept));
  return larger;
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
