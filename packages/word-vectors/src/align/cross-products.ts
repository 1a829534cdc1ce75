import { RevocabError } from "@revocab/core";
import { type Matrix64, transposedProduct } from "@revocab/matrix";
import type { WordVectors } from "../word-vectors.ts";
import type { Correspondences } from "./correspondences.ts";

export interface CrossProducts {
  /** [d_s × d_t] the sum of aᵀ·b over corresponding rows a, b; less their means, with `center`. */
  readonly products: Matrix64;
  /** [d_s] of the source rows, each counted as often as it corresponds. */
  readonly sourceMean: Float64Array;
  /** [d_t] */
  readonly targetMean: Float64Array;
}

/**
 * One source word at a time, with the sum of all its translations: a word with ten of them costs one product, not ten.
 * @throws RevocabError not_finite
 */
export function crossProducts(
  source: WordVectors,
  target: WordVectors,
  { bySource, total }: Correspondences,
  center: boolean,
): CrossProducts {
  const from = block(source.dimension);
  const to = block(target.dimension);
  const products = { ...newMatrix(source.dimension, target.dimension) };
  const sourceMean = new Float64Array(source.dimension);
  const targetMean = new Float64Array(target.dimension);
  let filled = 0;
  for (const [word, translations] of bySource) {
    const row = source.rows(word, 1).data;
    const sum = to.data.subarray(filled * to.columns, (filled + 1) * to.columns).fill(0);
    let count = 0;
    for (const [translation, times] of translations) {
      addScaled(sum, target.rows(translation, 1).data, times);
      count += times;
    }
    from.data.set(row, filled * from.columns);
    addScaled(sourceMean, row, count / total);
    addScaled(targetMean, sum, 1 / total);
    if (++filled === BLOCK_ROWS) {
      transposedProduct(from, to, products);
      filled = 0;
    }
  }
  transposedProduct({ ...from, rows: filled }, { ...to, rows: filled }, products);
  if (center) subtractMeans(products, sourceMean, targetMean, total);
  if (products.data.some((value) => !Number.isFinite(value))) {
    throw new RevocabError(
      "not_finite",
      "a vector of a word in the dictionary holds a number that is not finite",
    );
  }
  return { products, sourceMean, targetMean };
}

const BLOCK_ROWS = 64;

function block(columns: number): Matrix64 {
  return newMatrix(BLOCK_ROWS, columns);
}

function newMatrix(rows: number, columns: number): Matrix64 {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

function addScaled(into: Float64Array, row: Float32Array | Float64Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * row[i];
}

/** Σ (a − ā)ᵀ(b − b̄) = Σ aᵀb − n·āᵀb̄ */
function subtractMeans({ columns, data }: Matrix64, left: Float64Array, right: Float64Array, total: number) {
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < columns; j++) data[i * columns + j] -= total * left[i] * right[j];
  }
}
