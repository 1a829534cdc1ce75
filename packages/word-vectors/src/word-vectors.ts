import type { Matrix, StoredMatrix } from "@revocab/core";
import { encodeInto } from "@revocab/matrix";

/** Static vectors of words, the most frequent first. They may be computed on access, from vectors of n-grams. */
export interface WordVectors {
  /** d */
  readonly dimension: number;
  /** In the order of the file. */
  readonly words: readonly string[];
  /** [words] how often each stood in the training text; undefined where the file does not say. */
  readonly counts: Float64Array | undefined;
  /** True when words that are not in `words` have vectors too, from their n-grams. */
  readonly hasSubwords: boolean;
  /** The index of a word in `words`. */
  indexOf(word: string): number | undefined;
  /** [d] the vector of any word; undefined when nothing is known of it. */
  vectorOf(word: string): Float32Array | undefined;
  /** [count × d] the vectors of words[start … start + count). */
  rows(start: number, count: number): Matrix;
}

/** The first `count` words' vectors [count × d] as a matrix that is read in blocks. */
export function storedVectors(vectors: WordVectors, count = vectors.words.length): StoredMatrix {
  return {
    rows: Math.min(count, vectors.words.length),
    columns: vectors.dimension,
    dtype: "F32",
    async readRows(start, rows, into) {
      encodeInto("F32", vectors.rows(start, rows).data, into);
    },
  };
}
