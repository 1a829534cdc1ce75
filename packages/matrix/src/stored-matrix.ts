import {
  BYTES_PER_VALUE,
  type Job,
  type Matrix,
  RevocabError,
  type StoredDtype,
  type StoredMatrix,
  throwIfAborted,
} from "@revocab/core";
import { decodeInto, encodeInto } from "./codecs.ts";

export interface RowBlockOptions {
  /** Upper bound of one block as f32, at least one row. @default 8 MiB */
  readonly blockBytes?: number;
  readonly job?: Job;
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
  { blockBytes = 8 << 20, job, step = "read rows" }: RowBlockOptions = {},
): Promise<void> {
  const { rows, columns, dtype } = stored;
  const bytesPerRow = columns * BYTES_PER_VALUE[dtype];
  const blockRows = Math.min(rows, Math.max(1, Math.floor(blockBytes / (4 * Math.max(1, columns)))));
  const values = new Float32Array(blockRows * columns);
  const bytes = dtype === "F32" ? new Uint8Array(values.buffer) : new Uint8Array(blockRows * bytesPerRow);
  for (let start = 0; start < rows; start += blockRows) {
    throwIfAborted(job?.abortSignal);
    const count = Math.min(blockRows, rows - start);
    const stretch = bytes.subarray(0, count * bytesPerRow);
    const data = values.subarray(0, count * columns);
    await stored.readRows(start, count, stretch);
    if (dtype !== "F32") decodeInto(dtype, stretch, data);
    await visit(start, { rows: count, columns, data });
    job?.onProgress?.({ type: "progress", step, done: start + count, total: rows, unit: "rows" });
  }
  throwIfAborted(job?.abortSignal);
}

/**
 * Rows [start, start + count) as f32, [count × columns].
 * @throws RevocabError shape_mismatch when the rows are not all there
 */
export async function readMatrix(stored: StoredMatrix, start: number, count: number): Promise<Matrix> {
  if (!(start >= 0 && count >= 0 && start + count <= stored.rows)) {
    throw new RevocabError(
      "shape_mismatch",
      `rows ${start} to ${start + count} were to be read from a matrix of ${stored.rows} rows`,
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

/**
 * The rows `ids` as f32 [ids × columns], in the order of `ids`; an id may come twice. Rows that lie near each other are read
 * at once, with those between them: a read from a file costs as much as a hundred kilobytes.
 * @throws RevocabError shape_mismatch for an id without a row; aborted, between two reads
 */
export async function readRows(stored: StoredMatrix, ids: ArrayLike<number>, job?: Job): Promise<Matrix> {
  const { rows, columns, dtype } = stored;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const gap = Math.max(1, Math.floor(GAP_BYTES / Math.max(1, rowBytes)));
  const most = Math.max(1, Math.floor(READ_BYTES / Math.max(1, rowBytes)));
  const data = new Float32Array(ids.length * columns);
  const order = Uint32Array.from({ length: ids.length }, (_, place) => place).sort((a, b) => ids[a] - ids[b]);
  const idAt = (i: number) => ids[order[i]];
  for (let i = 0; i < order.length; ) {
    throwIfAborted(job?.abortSignal);
    const first = idAt(i);
    let end = i + 1;
    while (end < order.length && idAt(end) - idAt(end - 1) <= gap && idAt(end) - first < most) end++;
    const count = idAt(end - 1) - first + 1;
    if (!(first >= 0 && first + count <= rows)) {
      throw new RevocabError(
        "shape_mismatch",
        `row ${first < 0 ? first : idAt(end - 1)} was to be read from a matrix of ${rows} rows`,
      );
    }
    const bytes = new Uint8Array(count * rowBytes);
    await stored.readRows(first, count, bytes);
    for (; i < end; i++) {
      const from = (idAt(i) - first) * rowBytes;
      const to = order[i] * columns;
      decodeInto(dtype, bytes.subarray(from, from + rowBytes), data.subarray(to, to + columns));
    }
  }
  return { rows: ids.length, columns, data };
}

const GAP_BYTES = 128 << 10;
const READ_BYTES = 4 << 20;

/** The rows `ids` of a matrix in memory, copied, [ids × columns] in the order of `ids`. */
export function selectRows({ columns, data }: Matrix, ids: ArrayLike<number>): Matrix {
  const chosen = new Float32Array(ids.length * columns);
  for (let i = 0; i < ids.length; i++) {
    chosen.set(data.subarray(ids[i] * columns, (ids[i] + 1) * columns), i * columns);
  }
  return { rows: ids.length, columns, data: chosen };
}

/** A matrix in memory under the interface of one in a file; its values are rounded to `dtype` once, here. */
export function storeMatrix(matrix: Matrix, dtype: StoredDtype = "F32"): StoredMatrix {
  const { rows, columns, data } = matrix;
  const bytes = new Uint8Array(rows * columns * BYTES_PER_VALUE[dtype]);
  encodeInto(dtype, data, bytes);
  return matrixOfBytes({ rows, columns, dtype }, bytes);
}

/** A matrix of f32 in memory under the interface of one in a file, over the same memory; values are rounded to `dtype` when they are read. */
export function storedView({ rows, columns, data }: Matrix, dtype: StoredDtype = "F32"): StoredMatrix {
  if (dtype !== "F32") {
    return {
      rows,
      columns,
      dtype,
      async readRows(start, count, into) {
        encodeInto(dtype, data.subarray(start * columns, (start + count) * columns), into);
      },
    };
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
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

/** Stored rows [rows × columns] in a file, from `position` on. */
export function matrixInFile(
  { rows, columns, dtype }: Pick<StoredMatrix, "rows" | "columns" | "dtype">,
  file: { read(into: Uint8Array, position: number): Promise<void> },
  position: number,
): StoredMatrix {
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  return {
    rows,
    columns,
    dtype,
    readRows: (start, count, into) =>
      file.read(into.subarray(0, count * rowBytes), position + start * rowBytes),
  };
}
