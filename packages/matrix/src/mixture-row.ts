import type { Mixture } from "@revocab/core";

/** The sources and weights of one row, as views of the mixture's own arrays. */
export function mixtureRow(mixture: Mixture, row: number): { sources: Uint32Array; weights: Float32Array } {
  const start = mixture.offsets[row];
  const end = mixture.offsets[row + 1];
  return { sources: mixture.sources.subarray(start, end), weights: mixture.weights.subarray(start, end) };
}
