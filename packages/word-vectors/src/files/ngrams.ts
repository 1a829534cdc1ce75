/** The buckets of a word's character n-grams, in fastText's order and with its repeats; see {@link ngramHashes}. */
export function ngramBuckets(
  word: string | Uint8Array,
  { buckets, ...lengths }: NgramLengths & { readonly buckets: number },
): number[] {
  return ngramHashes(word, lengths).map((hash) => hash % buckets);
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;

const encoder = new TextEncoder();

export interface NgramLengths {
  /** Shortest n-gram in characters. */
  readonly minN: number;
  /** Longest n-gram in characters; 0 means none. */
  readonly maxN: number;
}

/**
 * The hashes of a word's character n-grams, in fastText's order and with its repeats: every run of minN to maxN characters
 * of `<word>`, except a lone `<` or `>`, hashed over its bytes to 32 bits. fastText keeps their remainders, see
 * {@link ngramBuckets}: two n-grams often share a bucket, but hardly ever a hash.
 * @param word as text, or as the bytes of a file, which need not be UTF-8
 * @see https://github.com/facebookresearch/fastText `Dictionary::computeSubwords`
 */
export function ngramHashes(word: string | Uint8Array, { minN, maxN }: NgramLengths): number[] {
  const found: number[] = [];
  if (maxN === 0) return found;
  const bytes = wrap(typeof word === "string" ? encoder.encode(word) : word);
  for (let start = 0; start < bytes.length; start++) {
    if (isContinuation(bytes[start])) continue;
    let hash = FNV_OFFSET;
    let end = start;
    for (let length = 1; length <= maxN && end < bytes.length; length++) {
      do hash = step(hash, bytes[end++] as number);
      while (end < bytes.length && isContinuation(bytes[end]));
      const isLoneMark = length === 1 && (start === 0 || end === bytes.length);
      if (length >= minN && !isLoneMark) found.push(hash >>> 0);
    }
  }
  return found;
}

function wrap(word: Uint8Array): Uint8Array {
  const wrapped = new Uint8Array(word.length + 2);
  wrapped[0] = LESS_THAN;
  wrapped.set(word, 1);
  wrapped[word.length + 1] = GREATER_THAN;
  return wrapped;
}

/** True inside a character; a stray continuation byte joins the character before it. */
function isContinuation(byte: number | undefined): boolean {
  return ((byte as number) & 0xc0) === 0x80;
}

/** One step of FNV-1a, except that fastText extends the sign of a byte, so that 0x80 … 0xff set all upper bits. */
function step(hash: number, byte: number): number {
  return Math.imul(hash ^ ((byte << 24) >> 24), FNV_PRIME);
}

/**
 * Whether some word of the model has an n-gram. The rows of all other n-grams are still the random ones drawn before training.
 * N-grams are compared by whole hashes, because one that was never seen often shares the bucket of a learned one.
 *
 * Memory: 4 bytes for each different n-gram, and as many again while they are collected.
 * @param spellings the words of a model, as text or bytes
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
