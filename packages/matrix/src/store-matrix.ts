import { BYTES_PER_VALUE, type Matrix, type StoredDtype, type StoredMatrix } from "@revocab/core";
import { encodeInto } from "./encode-into.ts";

/** A matrix in memory under the interface of one in a file; its values are rounded to `dtype` once, here. */
export function storeMatrix(matrix: Matrix, dtype: StoredDtype = "F32"): StoredMatrix {
  const { rows, columns, data } = matrix;
  const bytesPerRow = columns * BYTES_PER_VALUE[dtype];
  const bytes = new Uint8Array(rows * bytesPerRow);
  encodeInto(dtype, data, bytes);
  return {
    rows,
    columns,
    dtype,
    async readRows(start, count, into) {
      into.set(bytes.subarray(start * bytesPerRow, (start + count) * bytesPerRow));
    },
  };
}
