import { ngramBuckets } from "../files/ngram-buckets.ts";
import { LINE_END } from "./training-corpus.ts";

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
