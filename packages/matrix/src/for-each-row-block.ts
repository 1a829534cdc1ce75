import {
  BYTES_PER_VALUE,
  type Matrix,
  type ProgressListener,
  type StoredMatrix,
  throwIfAborted,
} from "@revocab/core";
import { decodeInto } from "./decode-into.ts";

export interface RowBlockOptions {
  /** Upper bound of one block as f32, at least one row. @default 8 MiB */
  readonly blockBytes?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** The name of the step in progress events. @default "read rows" */
  readonly step?: string;
}

/**
 * Visits all rows of a stored matrix in order, as f32 blocks [≤ block × columns]. The block's memory is used again for
 * the next one: `visit` must copy what it keeps.
 * @throws RevocabError aborted, between two blocks
 */
export async function forEachRowBlock(
  stored: StoredMatrix,
  visit: (start: number, block: Matrix) => void | Promise<void>,
  { blockBytes = 8 << 20, abortSignal, onProgress, step = "read rows" }: RowBlockOptions = {},
): Promise<void> {
  const { rows, columns, dtype } = stored;
  const bytesPerRow = columns * BYTES_PER_VALUE[dtype];
  const blockRows = Math.min(rows, Math.max(1, Math.floor(blockBytes / (4 * Math.max(1, columns)))));
  const values = new Float32Array(blockRows * columns);
  const bytes = dtype === "F32" ? new Uint8Array(values.buffer) : new Uint8Array(blockRows * bytesPerRow);
  for (let start = 0; start < rows; start += blockRows) {
    throwIfAborted(abortSignal);
    const count = Math.min(blockRows, rows - start);
    const stretch = bytes.subarray(0, count * bytesPerRow);
    const data = values.subarray(0, count * columns);
    await stored.readRows(start, count, stretch);
    if (dtype !== "F32") decodeInto(dtype, stretch, data);
    await visit(start, { rows: count, columns, data });
    onProgress?.({ type: "progress", step, done: start + count, total: rows, unit: "rows" });
  }
  throwIfAborted(abortSignal);
}
