import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";
import { decodeInto } from "@revocab/matrix";

/**
 * Rows of a stored matrix as f32, written into columns of `into`: row i to `into[i · stride + column …]`.
 * Rows that lie near each other are read at once: a read costs as much as a hundred kilobytes.
 * @param rows ascending
 */
export async function readRows(
  matrix: StoredMatrix,
  rows: Uint32Array,
  into: Float32Array,
  { stride, column }: { readonly stride: number; readonly column: number },
): Promise<void> {
  const { columns, dtype } = matrix;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const gap = Math.max(1, Math.floor(GAP_BYTES / rowBytes));
  const most = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  for (let i = 0; i < rows.length; ) {
    const first = rows[i];
    let end = i + 1;
    while (end < rows.length && rows[end] - rows[end - 1] <= gap && rows[end] - first < most) end++;
    const count = rows[end - 1] - first + 1;
    const bytes = new Uint8Array(count * rowBytes);
    await matrix.readRows(first, count, bytes);
    for (; i < end; i++) {
      const from = (rows[i] - first) * rowBytes;
      const target = i * stride + column;
      decodeInto(dtype, bytes.subarray(from, from + rowBytes), into.subarray(target, target + columns));
    }
  }
}

const GAP_BYTES = 128 << 10;
const READ_BYTES = 4 << 20;
