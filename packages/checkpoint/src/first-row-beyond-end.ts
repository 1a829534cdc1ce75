import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";

/**
 * A matrix of `rows` rows of which the last, where `stored` ends earlier, are its first row: Gemma3n has per-layer
 * rows for text alone and looks up row 0 for every other id (modeling_gemma3n.py, `per_layer_inputs_tokens`).
 */
export function firstRowBeyondEnd(stored: StoredMatrix, rows: number): StoredMatrix {
  if (stored.rows >= rows) return stored;
  const rowBytes = stored.columns * BYTES_PER_VALUE[stored.dtype];
  return {
    ...stored,
    rows,
    readRows: async (start, count, into) => {
      if (start < 0 || count < 0 || start + count > rows || into.length !== count * rowBytes) {
        throw new RangeError(`rows ${start} … ${start + count} of ${rows} into ${into.length} bytes`);
      }
      const present = Math.max(0, Math.min(stored.rows - start, count));
      if (present > 0) await stored.readRows(start, present, into.subarray(0, present * rowBytes));
      if (present === count) return;
      await stored.readRows(0, 1, into.subarray(present * rowBytes, (present + 1) * rowBytes));
      for (let row = present + 1; row < count; row++) {
        into.copyWithin(row * rowBytes, present * rowBytes, (present + 1) * rowBytes);
      }
    },
  };
}
