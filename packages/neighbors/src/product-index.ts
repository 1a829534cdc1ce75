import { type Job, type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock } from "@revocab/matrix";
import { quantizedWidth, quantizeRow } from "@revocab/matrix/internal";
import { clusterRows, type RowClusters } from "./cluster-rows.ts";
import { lengthOf } from "./neighbor-search.ts";

/**
 * Rows rounded to whole numbers of 8 bits, to find those with the largest inner products: the longer of two rows of one direction
 * has the larger one. It is data, which a file can hold; `openProductSearch` searches in it.
 */
export interface ProductIndex {
  /** V */
  readonly rows: number;
  /** d */
  readonly columns: number;
  /** Whole numbers of a row: d, rounded up to a multiple of 16. */
  readonly width: number;
  /** [V × width] in the order of the clusters. */
  readonly values: {
    /** Fills `into` with rows [start, start + count). */
    readRows(start: number, count: number, into: Int8Array): Promise<void>;
  };
  /** [V] in the order of the clusters: what the whole numbers of a row are multiplied with. */
  readonly scales: Float32Array;
  /** [V] in the order of the clusters: the length of what rounding took from each row, or more. */
  readonly errors: Float32Array;
  /** The length of the longest row, rounded or not, or more. */
  readonly longest: number;
  /** Rows that lie near each other, so that a search looks at some of the clusters alone. @default none: all rows in their order */
  readonly clusters?: RowClusters;
}

export interface BuildProductIndexOptions {
  /** [V × d] */
  readonly rows: StoredMatrix;
  /**
   * How many clusters; 0 for none, so that every search looks at every row. From 200 rows on there is one more, of outliers.
   * @default none up to 100,000 rows, then about 4 · √V
   */
  readonly clusters?: number;
  /** Of the rows that clusters begin with. @default 0 */
  readonly seed?: number;
  /** `threads`: of the runtime. @default all cores */
  readonly job?: Job;
}

/**
 * Builds an index over rows. The same rows give the same index, whatever the number of threads.
 *
 * Memory: a byte a value, 16 a row, and for clusters their centers and a sample of 32 rows for each as f32.
 * @throws RevocabError `bad_options`; `not_finite`; `aborted`
 */
export async function buildProductIndex({
  rows: stored,
  clusters: count = usualClusters(stored.rows),
  seed = 0,
  job,
}: BuildProductIndexOptions): Promise<ProductIndex> {
  const { rows, columns } = stored;
  if (!Number.isSafeInteger(count) || count < 0 || count > rows) {
    throw new RevocabError(
      "bad_options",
      `${count} clusters of ${rows} rows were requested, expected a whole number from 0 to ${rows}`,
    );
  }
  const quantized = await quantizedRows(stored, job);
  const clusters = count === 0 ? undefined : await clusterRows(stored, { count, seed, job });
  const order = clusters?.order;
  const { width, values, longest } = quantized;
  const inOrder = (given: Float32Array) =>
    order === undefined ? given : Float32Array.from(order, (row) => given[row]);
  return {
    rows,
    columns,
    width,
    longest,
    scales: inOrder(quantized.scales),
    errors: inOrder(quantized.errors),
    values: {
      async readRows(start, wanted, into) {
        for (let i = 0; i < wanted; i++) {
          const row = order === undefined ? start + i : order[start + i];
          into.set(values.subarray(row * width, (row + 1) * width), i * width);
        }
      },
    },
    ...(clusters && { clusters }),
  };
}

/** Below this, reading every row takes a few milliseconds. */
const ROWS_WITHOUT_CLUSTERS = 100_000;

function usualClusters(rows: number): number {
  return rows <= ROWS_WITHOUT_CLUSTERS ? 0 : Math.round(4 * Math.sqrt(rows));
}

async function quantizedRows(stored: StoredMatrix, job: Job | undefined) {
  const { rows, columns } = stored;
  const width = quantizedWidth(columns);
  const values = new Int8Array(rows * width);
  const scales = new Float32Array(rows);
  const errors = new Float32Array(rows);
  let longest = 0;
  const visit = (start: number, { rows: count, data }: Matrix) => {
    for (let i = 0; i < count; i++) {
      const length = lengthOf(data, i * columns, columns);
      if (!Number.isFinite(length)) {
        throw new RevocabError("not_finite", `row ${start + i} holds a number that is not finite`, {
          hint: "leave the row out, or repair it",
        });
      }
      const at = (start + i) * width;
      const { scale, error } = quantizeRow(
        data.subarray(i * columns, (i + 1) * columns),
        values.subarray(at, at + columns),
      );
      scales[start + i] = scale;
      errors[start + i] = error;
      longest = Math.max(longest, length + error);
    }
  };
  await forEachRowBlock(stored, visit, { step: "round rows", job });
  return { width, values, scales, errors, longest };
}
