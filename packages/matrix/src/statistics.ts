import { type Job, RevocabError, type StoredMatrix } from "@revocab/core";
import { borrowMemory, compileKernels, instantiateKernels, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { forEachRowBlock } from "./stored-matrix.ts";

export interface StatisticsOptions {
  /** Which rows count. @default all */
  readonly isUsed?: (row: number) => boolean;
  readonly job?: Job;
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
  { isUsed = () => true, job }: StatisticsOptions = {},
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
    { step: "column moments", job },
  );
  if (count === 0) throw new RevocabError("no_evidence", `none of the ${stored.rows} rows is in use`);
  for (let j = 0; j < columns; j++) variance[j] /= count;
  return { count, mean, variance };
}

export interface Covariance {
  /** Rows counted. */
  readonly count: number;
  /** [d] */
  readonly mean: Float64Array;
  /** [d × d] X_cᵀX_c / count with X_c the rows minus their mean; symmetric, row-major. */
  readonly covariance: Float64Array;
}

/**
 * The population covariance of the columns, in f64 throughout. Reads the matrix twice, in blocks; memory is that of the
 * result, twice, and about 30 MB.
 * @throws RevocabError no_evidence when no row is used; bad_options beyond 20,000 columns; aborted
 */
export async function covariance(stored: StoredMatrix, options: StatisticsOptions = {}): Promise<Covariance> {
  const { columns } = stored;
  if (columns > MAXIMUM_COLUMNS) {
    throw new RevocabError(
      "bad_options",
      `the covariance of ${columns} columns was asked for, expected at most ${MAXIMUM_COLUMNS}`,
    );
  }
  const { count, mean } = await columnMoments(stored, options);
  const isUsed = options.isUsed ?? (() => true);
  const width = Math.ceil(columns / 4) * 4;
  const panelsAt = KERNEL_BYTES + width * width * 8;
  const memory = borrowMemory(panelsAt + DEPTH * width * 8);
  try {
    const kernels = instantiateKernels(compileKernels(), memory);
    const sums = new Float64Array(memory.buffer, KERNEL_BYTES, width * width).fill(0);
    const panels = new Float64Array(memory.buffer, panelsAt, DEPTH * width).fill(0);
    let filled = 0;
    await forEachRowBlock(
      stored,
      (start, { rows, data }) => {
        for (let row = 0; row < rows; row++) {
          if (!isUsed(start + row)) continue;
          placeCentredRow(data.subarray(row * columns, (row + 1) * columns), mean, panels, filled++);
          if (filled < DEPTH) continue;
          kernels.rankUpdate(KERNEL_BYTES, panelsAt, width, DEPTH);
          panels.fill(0);
          filled = 0;
        }
      },
      { step: "covariance", ...options },
    );
    if (filled > 0) kernels.rankUpdate(KERNEL_BYTES, panelsAt, width, DEPTH);
    return { count, mean, covariance: symmetricMean(sums, width, columns, count) };
  } finally {
    returnMemory(memory);
  }
}

/** 20,000² sums of 8 bytes are 3.2 GB of the 4 that the kernel can address. */
const MAXIMUM_COLUMNS = 20_000;

/** Rows per update: a panel of four columns is then 8 KB, and stays in the nearest cache while it is used. */
const DEPTH = 256;

/** Row `depth` of the panels of rank-update.ts: four columns beside each other, then the next row of the same four. */
function placeCentredRow(row: Float32Array, mean: Float64Array, panels: Float64Array, depth: number): void {
  for (let j = 0; j < row.length; j++) {
    panels[(j >> 2) * DEPTH * 4 + depth * 4 + (j & 3)] = row[j] - mean[j];
  }
}

/** The kernel fills tiles on and above the diagonal. */
function symmetricMean(sums: Float64Array, width: number, columns: number, count: number): Float64Array {
  const result = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = i; j < columns; j++) {
      const value = sums[i * width + j] / count;
      result[i * columns + j] = value;
      result[j * columns + i] = value;
    }
  }
  return result;
}
