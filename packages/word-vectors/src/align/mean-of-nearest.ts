import { type Job, type Matrix, quiet, type StoredMatrix } from "@revocab/core";
import { multiplyTransposed } from "@revocab/matrix";

/**
 * [m] for each row of A [m × d] the mean cosine with the 10 rows of B [n × d] nearest to it: high for a hub, which is near to
 * everything. It is CSLS's r, over fewer rows where B has fewer.
 */
export async function meanOfNearest(left: Matrix, right: StoredMatrix, job?: Job): Promise<Float64Array> {
  const { rows, columns } = left;
  const count = Math.min(NEAREST, right.rows);
  const means = new Float64Array(rows);
  for (let start = 0; start < rows; start += ROWS_AT_A_TIME) {
    const size = Math.min(ROWS_AT_A_TIME, rows - start);
    const part = {
      rows: size,
      columns,
      data: left.data.subarray(start * columns, (start + size) * columns),
    };
    const largest = new Float32Array(size * count).fill(Number.NEGATIVE_INFINITY);
    await multiplyTransposed({
      left: part,
      right,
      normalize: true,
      job: quiet(job),
      onBlock: (_, block) => {
        for (let row = 0; row < size; row++) {
          keepLargest(
            block.data.subarray(row * block.columns, (row + 1) * block.columns),
            largest.subarray(row * count, (row + 1) * count),
          );
        }
      },
    });
    for (let row = 0; row < size; row++) {
      for (let i = row * count; i < (row + 1) * count; i++) means[start + row] += largest[i] / count;
    }
    job?.onProgress?.({
      type: "progress",
      step: "look for hubs",
      done: start + size,
      total: rows,
      unit: "rows",
    });
  }
  return means;
}

/** As in the paper. */
const NEAREST = 10;

const ROWS_AT_A_TIME = 1024;

/** @param largest the largest values so far, falling */
function keepLargest(values: Float32Array, largest: Float32Array): void {
  const last = largest.length - 1;
  for (const value of values) {
    if (!(value > largest[last])) continue;
    let place = last;
    for (; place > 0 && largest[place - 1] < value; place--) largest[place] = largest[place - 1];
    largest[place] = value;
  }
}
