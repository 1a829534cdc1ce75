import type { StoredMatrix } from "@revocab/core";
import { columnMoments, type StatisticsOptions } from "./column-moments.ts";
import { forEachRowBlock } from "./for-each-row-block.ts";

export interface Covariance {
  /** Rows counted. */
  readonly count: number;
  /** [d] */
  readonly mean: Float64Array;
  /** [d × d] X_cᵀX_c / count with X_c the rows minus their mean; symmetric, row-major. */
  readonly covariance: Float64Array;
}

/**
 * The population covariance of the columns, in f64.
 * @throws RevocabError no_evidence when no row is used; aborted
 */
export async function covariance(stored: StoredMatrix, options: StatisticsOptions = {}): Promise<Covariance> {
  const { columns } = stored;
  const isUsed = options.isUsed ?? (() => true);
  const { count, mean } = await columnMoments(stored, options);
  const sums = new Float64Array(columns * columns);
  const centred = new Float64Array(columns);
  await forEachRowBlock(
    stored,
    (start, { rows, data }) => {
      for (let row = 0; row < rows; row++) {
        if (!isUsed(start + row)) continue;
        for (let j = 0; j < columns; j++) centred[j] = data[row * columns + j] - mean[j];
        for (let i = 0; i < columns; i++) {
          for (let j = i; j < columns; j++) sums[i * columns + j] += centred[i] * centred[j];
        }
      }
    },
    { step: "covariance", ...options },
  );
  for (let i = 0; i < columns; i++) {
    for (let j = i; j < columns; j++) {
      sums[i * columns + j] /= count;
      sums[j * columns + i] = sums[i * columns + j];
    }
  }
  return { count, mean, covariance: sums };
}
