import type { StoredDtype } from "@revocab/core";
import type { Kernels } from "./kernels.ts";

/** Rows for one thread to compute: addresses in the shared memory, as the gather kernels take them. */
export interface GatherTask {
  readonly dtype: StoredDtype;
  readonly rows: number;
  readonly columns: number;
  readonly offsets: number;
  readonly pointers: number;
  readonly weights: number;
  readonly basis: number;
  readonly out: number;
}

/**
 * Computes the rows a few at a time: the engine compiles a kernel properly only after it has been entered often, and code
 * already running is not replaced.
 */
export function runGatherTask(kernels: Kernels, task: GatherTask): void {
  const { dtype, rows, columns, offsets, pointers, weights, basis, out } = task;
  const kernel = kernels[`gather${dtype}`];
  const bytesPerRow = columns * (dtype === "F32" ? 4 : 2);
  for (let row = 0; row < rows; row += ROWS_PER_CALL) {
    const count = Math.min(ROWS_PER_CALL, rows - row);
    kernel(count, columns, offsets + row * 4, pointers, weights, basis, out + row * bytesPerRow);
  }
}

const ROWS_PER_CALL = 16;
