import {
  BYTES_PER_VALUE,
  type Matrix,
  type ProgressListener,
  RevocabError,
  type StoredDtype,
  type StoredMatrix,
  throwIfAborted,
} from "@revocab/core";
import { decodeInto, encodeInto } from "./codecs.ts";

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

/**
 * Rows [start, start + count) as f32, [count × columns].
 * @throws RevocabError shape_mismatch when the rows are not all there
 */
export async function readMatrix(stored: StoredMatrix, start: number, count: number): Promise<Matrix> {
  if (!(start >= 0 && count >= 0 && start + count <= stored.rows)) {
    throw new RevocabError(
      "shape_mismatch",
      `rows ${start} to ${start + count} were asked of a matrix of ${stored.rows} rows`,
    );
  }
  const data = new Float32Array(count * stored.columns);
  if (stored.dtype === "F32") {
    await stored.readRows(start, count, new Uint8Array(data.buffer));
  } else {
    const bytes = new Uint8Array(data.length * BYTES_PER_VALUE[stored.dtype]);
    await stored.readRows(start, count, bytes);
    decodeInto(stored.dtype, bytes, data);
  }
  return { rows: count, columns: stored.columns, data };
}

/** A matrix in memory under the interface of one in a file; its values are rounded to `dtype` once, here. */
export function storeMatrix(matrix: Matrix, dtype: StoredDtype = "F32"): StoredMatrix {
  const { rows, columns, data } = matrix;
  const bytes = new Uint8Array(rows * columns * BYTES_PER_VALUE[dtype]);
  encodeInto(dtype, data, bytes);
  return matrixOfBytes({ rows, columns, dtype }, bytes);
}

/**
 * Stored rows that are in memory, under the interface of those in a file; the bytes are not copied.
 * @param bytes [rows × columns] little-endian, row-major
 */
export function matrixOfBytes(
  { rows, columns, dtype }: { readonly rows: number; readonly columns: number; readonly dtype: StoredDtype },
  bytes: Uint8Array,
): StoredMatrix {
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  if (bytes.length !== rows * rowBytes) {
    throw new RangeError(`${bytes.length} bytes for ${rows} × ${columns} values of ${dtype}`);
  }
  return {
    rows,
    columns,
    dtype,
    bytes,
    async readRows(start, count, into) {
      into.set(bytes.subarray(start * rowBytes, (start + count) * rowBytes));
    },
  };
}
