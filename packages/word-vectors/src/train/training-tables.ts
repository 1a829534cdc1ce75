import { ngramBuckets } from "../files/ngrams.ts";
import { LINE_END } from "./training-corpus.ts";

/**
 * The probability that a word stays in its line, √(t/f) + t/f for a word of frequency f, at most 1. Given as a threshold: the
 * word stays when 32 random bits are at most it.
 * @param counts [words]
 * @param tokenCount words of the text, rare ones included
 */
export function keepThresholds(counts: Float64Array, tokenCount: number, subsampling: number): Uint32Array {
  return Uint32Array.from(counts, (count) => {
    const ratio = (subsampling * tokenCount) / count;
    return probabilityThreshold(Math.sqrt(ratio) + ratio);
  });
}

/** The largest of the 2³² random numbers for which an event of this probability happens. */
function probabilityThreshold(probability: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.floor(probability * 2 ** 32) - 1));
}

/**
 * Walker's alias table of the negative examples, which are drawn with a probability proportional to the square root of a
 * word's count. Draw a column uniformly, then 32 random bits: at most the threshold gives the column's word, else its alias.
 *
 * fastText draws from a list of ten million words, whose 40 MB miss every cache; these 8 bytes a word give the same probabilities.
 * @returns [words] of (threshold, alias)
 */
export function negativeTable(counts: Float64Array): Uint32Array {
  const roots = counts.map(Math.sqrt);
  const mean = roots.reduce((sum, root) => sum + root, 0) / roots.length;
  const shares = roots.map((root) => root / mean);
  const table = new Uint32Array(2 * counts.length);
  const poor: number[] = [];
  const rich: number[] = [];
  const sort = (word: number) => (shares[word] < 1 ? poor : rich).push(word);
  shares.forEach((_, word) => {
    sort(word);
  });
  while (poor.length > 0 && rich.length > 0) {
    const [word, giver] = [poor.pop() as number, rich.pop() as number];
    table[2 * word] = probabilityThreshold(shares[word]);
    table[2 * word + 1] = giver;
    shares[giver] -= 1 - shares[word];
    sort(giver);
  }
  // The share of what is left is 1, up to rounding.
  for (const word of [...poor, ...rich]) table.set([0xffff_ffff, word], 2 * word);
  return table;
}

/** Which rows of the input matrix make up each word. */
export interface SubwordTable {
  /** [words + 1] the rows of word w are rows[starts[w] … starts[w + 1]) */
  readonly starts: Uint32Array;
  /** The word's own row, then one for each of its n-grams; n-grams that share a bucket repeat its row. */
  readonly rows: Uint32Array;
  /** [words] by how much the mean of the listed rows moves when each listing adds 1 to its row: Σ m² / Σ m. */
  readonly gains: Float32Array;
}

export function subwordTable(
  words: readonly string[],
  shape: { readonly minN: number; readonly maxN: number; readonly buckets: number },
): SubwordTable {
  const starts = new Uint32Array(words.length + 1);
  const gains = new Float32Array(words.length);
  const blocks: Uint32Array[] = [];
  words.forEach((word, id) => {
    const buckets = word === LINE_END ? [] : ngramBuckets(word, shape);
    const rows = new Uint32Array(1 + buckets.length).fill(id, 0, 1);
    buckets.forEach((bucket, i) => {
      rows[1 + i] = words.length + bucket;
    });
    blocks.push(rows);
    starts[id + 1] = starts[id] + rows.length;
    gains[id] = gainOf(rows);
  });
  const rows = new Uint32Array(starts[words.length]);
  blocks.forEach((block, id) => {
    rows.set(block, starts[id]);
  });
  return { starts, rows, gains };
}

function gainOf(rows: Uint32Array): number {
  const times = new Map<number, number>();
  for (const row of rows) times.set(row, (times.get(row) ?? 0) + 1);
  let squares = 0;
  for (const count of times.values()) squares += count * count;
  return squares / rows.length;
}
