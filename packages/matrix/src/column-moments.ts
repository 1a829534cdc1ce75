import { type ProgressListener, RevocabError, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock } from "./for-each-row-block.ts";

export interface StatisticsOptions {
  /** Which rows count. @default all */
  readonly isUsed?: (row: number) => boolean;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface ColumnMoments {
  /** Rows counted. */
  readonly count: number;
  /** [d] */
  readonly mean: Float64Array;
  /** [d] population variance, the mean of squared distances to `mean`. */
  readonly variance: Float64Array;
}

/**
 * Mean and variance of each column, in f64 and in one pass (Welford, so that a large mean costs no digits).
 * @throws RevocabError no_evidence when no row is used; aborted
 */
export async function columnMoments(
  stored: StoredMatrix,
  { isUsed = () => true, ...options }: StatisticsOptions = {},
): Promise<ColumnMoments> {
  const { columns } = stored;
  const mean = new Float64Array(columns);
  const variance = new Float64Array(columns);
  let count = 0;
  await forEachRowBlock(
    stored,
    (start, { rows, data }) => {
      for (let row = 0; row < rows; row++) {
        if (!isUsed(start + row)) continue;
        count++;
        const base = row * columns;
        for (let j = 0; j < columns; j++) {
          const distance = data[base + j] - mean[j];
          mean[j] += distance / count;
          variance[j] += distance * (data[base + j] - mean[j]);
        }
      }
    },
    { step: "column moments", ...options },
  );
  if (count === 0) throw new RevocabError("no_evidence", `none of the ${stored.rows} rows is in use`);
  for (let j = 0; j < columns; j++) variance[j] /= count;
  return { count, mean, variance };
}
