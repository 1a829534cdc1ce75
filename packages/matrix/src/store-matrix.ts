import { BYTES_PER_VALUE, type Matrix, type StoredDtype, type StoredMatrix } from "@revocab/core";
import { encodeInto } from "./encode-into.ts";
import { matrixOfBytes } from "./matrix-of-bytes.ts";

/** A matrix in memory under the interface of one in a file; its values are rounded to `dtype` once, here. */
export function storeMatrix(matrix: Matrix, dtype: StoredDtype = "F32"): StoredMatrix {
  const { rows, columns, data } = matrix;
  const bytes = new Uint8Array(rows * columns * BYTES_PER_VALUE[dtype]);
  encodeInto(dtype, data, bytes);
  return matrixOfBytes({ rows, columns, dtype }, bytes);
}
