import { type Matrix, RevocabError } from "@revocab/core";
import { transposed, transposedProduct } from "@revocab/matrix";
import type { WordVectors } from "../word-vectors.ts";

/**
 * The same words with the vectors (x − center)·R, R [d × e], computed on access: nothing is held twice.
 * So are vectors computed from n-grams.
 * @param center [d] @default nothing is taken off
 * @throws RevocabError shape_mismatch when R has not d rows
 */
export function rotateVectors(vectors: WordVectors, rotation: Matrix, center?: Float64Array): WordVectors {
  if (rotation.rows !== vectors.dimension) {
    throw new RevocabError(
      "shape_mismatch",
      `vectors of ${vectors.dimension} dimensions were to be turned by a matrix of ${rotation.rows} rows`,
    );
  }
  const right = { ...rotation, data: new Float64Array(rotation.data) };
  const offset =
    center && transposedProduct({ rows: vectors.dimension, columns: 1, data: center }, right).data;
  const turn = (rows: Matrix): Matrix => {
    const { data } = transposedProduct(transposed({ ...rows, data: new Float64Array(rows.data) }), right);
    if (offset) for (let i = 0; i < data.length; i++) data[i] -= offset[i % offset.length];
    return { rows: rows.rows, columns: rotation.columns, data: Float32Array.from(data) };
  };
  const { words, counts, hasSubwords } = vectors;
  return {
    dimension: rotation.columns,
    words,
    counts,
    hasSubwords,
    indexOf: (word) => vectors.indexOf(word),
    vectorOf: (word) => {
      const data = vectors.vectorOf(word);
      return data && turn({ rows: 1, columns: data.length, data }).data;
    },
    rows: (start, count) => turn(vectors.rows(start, count)),
  };
}
