import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";

/**
 * The rows of one stored matrix after those of another, without a copy of either.
 * @param top [n × d]
 * @param bottom [m × d] in the number format of `top`
 */
export function stackedRows(top: StoredMatrix, bottom: StoredMatrix): StoredMatrix {
  const { columns, dtype } = top;
  if (bottom.columns !== columns || bottom.dtype !== dtype) {
    throw new RangeError(
      `rows of ${bottom.columns} values of ${bottom.dtype} after rows of ${columns} values of ${dtype}`,
    );
  }
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  return {
    rows: top.rows + bottom.rows,
    columns,
    dtype,
    async readRows(start, count, into) {
      const above = Math.min(Math.max(top.rows - start, 0), count);
      const below = count - above;
      if (above > 0) await top.readRows(start, above, into.subarray(0, above * rowBytes));
      if (below > 0) {
        await bottom.readRows(
          start + above - top.rows,
          below,
          into.subarray(above * rowBytes, count * rowBytes),
        );
      }
    },
  };
}
