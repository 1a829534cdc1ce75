import { BYTES_PER_VALUE, type StoredDtype, type StoredMatrix } from "@revocab/core";

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
