import { type Job, type Matrix, throwIfAborted } from "@revocab/core";
import type { DenseProducts } from "@revocab/onnx";

export interface MultiplyRowsOptions {
  /** [n × d] changed in place: such matrices are too large to be held twice. */
  readonly rows: Matrix;
  /** [d × d] A: each row v becomes vᵀ·A. */
  readonly by: Matrix;
  /** Each row v becomes A·v instead. @default false */
  readonly transposeRight?: boolean;
  readonly products: DenseProducts;
  readonly job?: Job;
  /** The name of the step in progress events. */
  readonly step: string;
}

/** @throws RevocabError `aborted`, between two blocks */
export async function multiplyRows({
  rows: { rows: total, columns, data },
  by,
  transposeRight = false,
  products,
  job,
  step,
}: MultiplyRowsOptions): Promise<void> {
  for (let start = 0; start < total; start += BLOCK) {
    throwIfAborted(job?.abortSignal);
    const done = Math.min(total, start + BLOCK);
    const block = data.subarray(start * columns, done * columns);
    const left = { rows: done - start, columns, data: block };
    block.set((await products.multiply(left, by, { transposeRight })).data);
    job?.onProgress?.({ type: "progress", step, done, total, unit: "rows" });
  }
}

/** Rows multiplied at a time. */
export const BLOCK = 4096;
