import type { EmbeddingTable, ProgressListener, StoredDtype } from "@revocab/core";

export interface NoiseReport {
  readonly table: EmbeddingTable;
  /** [d] */
  readonly mean: Float64Array;
  /** [d] standard deviation of the noise around the mean */
  readonly deviation: Float64Array;
  readonly onProgress?: ProgressListener;
}

/** Bits of the mantissa, and the exponent of the smallest normal number. */
const PRECISION: Readonly<Record<StoredDtype, { readonly bits: number; readonly lowest: number }>> = {
  F32: { bits: 23, lowest: -126 },
  F16: { bits: 10, lowest: -14 },
  BF16: { bits: 7, lowest: -126 },
};

/**
 * Says so when rounding to the table's own number format will swallow most of the noise: where its standard deviation is
 * below half a step of the format at the mean, two new rows mostly round to the same value. With ε = 1e-9 and bf16 two
 * rows share about 90 % of their coordinates.
 */
export function noteLostNoise({ table, mean, deviation, onProgress }: NoiseReport): void {
  const { dtype } = table.matrix;
  const lost = mean.filter((value, j) => deviation[j] < stepAt(value, dtype) / 2).length;
  if (lost <= mean.length / 2) return;
  onProgress?.({
    type: "note",
    step: `plan ${table.slot}`,
    message:
      `in ${lost} of ${mean.length} columns of ${table.slot} the noise of the new rows is smaller than half a ${dtype} ` +
      "step at the mean, so most of it is lost when the rows are stored and new rows will hardly differ; " +
      "a larger epsilon (1e-5) keeps more of it",
  });
}

/** The distance between neighbouring numbers of the format around a value. */
function stepAt(value: number, dtype: StoredDtype): number {
  const { bits, lowest } = PRECISION[dtype];
  const exponent = value === 0 ? lowest : Math.max(lowest, Math.floor(Math.log2(Math.abs(value))));
  return 2 ** (exponent - bits);
}
