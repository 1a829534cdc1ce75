import type { StoredMatrix } from "@revocab/core";
import { encodeInto } from "@revocab/matrix";
import type { WordVectors } from "../word-vectors.ts";

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
