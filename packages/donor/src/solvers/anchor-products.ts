import { type Job, type Matrix, throwIfAborted } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { rowOf } from "./anchor-rows.ts";

export interface AnchorProductsOptions {
  readonly products: DenseProducts;
  readonly job?: Job;
}

/** A row of anchors as it takes part in a product: written in f64 to `into` [d]. */
export type PlaceRow = (row: Float32Array, into: Float64Array) => void;

/**
 * Σ over anchors of leftᵀ · right, each row placed first (less a mean, at length 1): [A × p], [A × q] → [p × q]. In f64, because
 * a rotation must tell what no anchor says, which is exactly 0, from rounding.
 * @throws RevocabError aborted, between two blocks
 */
export async function anchorProducts(
  left: { readonly rows: Matrix; readonly place: PlaceRow },
  right: { readonly rows: Matrix; readonly place: PlaceRow },
  { products, job }: AnchorProductsOptions,
): Promise<Matrix64> {
  const { rows: total } = left.rows;
  const sum = new Float64Array(left.rows.columns * right.rows.columns);
  for (let start = 0; start < total; start += BLOCK_ROWS) {
    throwIfAborted(job?.abortSignal);
    const count = Math.min(BLOCK_ROWS, total - start);
    const from = placed(left, start, count);
    const to = left === right ? from : placed(right, start, count);
    const { data } = await products.multiply(from, to, { transposeLeft: true });
    for (let i = 0; i < sum.length; i++) sum[i] += data[i];
    job?.onProgress?.({
      type: "progress",
      step: "compare shared tokens",
      done: start + count,
      total,
      unit: "rows",
    });
  }
  return { rows: left.rows.columns, columns: right.rows.columns, data: sum };
}

/** At 4,096 columns a block of each side takes 67 MB as f64. */
const BLOCK_ROWS = 2048;

function placed(
  { rows, place }: { readonly rows: Matrix; readonly place: PlaceRow },
  start: number,
  count: number,
): Matrix64 {
  const { columns } = rows;
  const data = new Float64Array(count * columns);
  for (let i = 0; i < count; i++) {
    place(rowOf(rows, start + i), data.subarray(i * columns, (i + 1) * columns));
  }
  return { rows: count, columns, data };
}

/** [d] the mean row, in f64. */
export function meanRow({ rows, columns, data }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) mean[j] += data[row * columns + j];
  }
  return mean.map((sum) => sum / rows);
}

/** A row less `mean` [d]. */
export function lessMean(mean: Float64Array): PlaceRow {
  return (row, into) => {
    for (let j = 0; j < into.length; j++) into[j] = row[j] - mean[j];
  };
}

/** A row as it is. */
export const asItIs: PlaceRow = (row, into) => into.set(row);

/** A row scaled to length 1; one of zeros stays. */
export const atLengthOne: PlaceRow = (row, into) => {
  let square = 0;
  for (let j = 0; j < into.length; j++) square += row[j] * row[j];
  const length = Math.sqrt(square) || 1;
  for (let j = 0; j < into.length; j++) into[j] = row[j] / length;
};
