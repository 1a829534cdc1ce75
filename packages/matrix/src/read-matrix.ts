import { BYTES_PER_VALUE, type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { decodeInto } from "./decode-into.ts";

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
