import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";

/**
 * A stored matrix with other rows in the place of some of its own, without a copy of either.
 * @param ids [n] the rows that are replaced, ascending
 * @param rows [n × d] in the number format of `matrix`
 */
export function replacedRows(matrix: StoredMatrix, ids: Uint32Array, rows: StoredMatrix): StoredMatrix {
  const { columns, dtype } = matrix;
  if (rows.rows !== ids.length || rows.columns !== columns || rows.dtype !== dtype) {
    throw new RangeError(
      `${rows.rows} × ${rows.columns} values of ${rows.dtype} for ${ids.length} rows of ${columns} values of ${dtype}`,
    );
  }
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  return {
    rows: matrix.rows,
    columns,
    dtype,
    async readRows(start, count, into) {
      await matrix.readRows(start, count, into);
      const first = firstAtLeast(ids, start);
      const end = firstAtLeast(ids, start + count);
      const bytes = new Uint8Array((end - first) * rowBytes);
      await rows.readRows(first, end - first, bytes);
      for (let i = first; i < end; i++) {
        const from = (i - first) * rowBytes;
        into.set(bytes.subarray(from, from + rowBytes), (ids[i] - start) * rowBytes);
      }
    },
  };
}

/** The place of the first value that is not below another one; the length where all are below it. */
export function firstAtLeast(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
