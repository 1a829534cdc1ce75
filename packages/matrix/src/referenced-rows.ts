import type { Mixture } from "@revocab/core";

/** The source rows a mixture needs, in stretches that are read in one piece, and where each row then lies. */
export interface ReferencedRows {
  readonly stretches: readonly { readonly start: number; readonly count: number }[];
  /** Rows in all stretches together. */
  readonly count: number;
  /** [V] the place of a source row among the rows read; meaningless for rows in no stretch. */
  readonly placeOf: Uint32Array;
}

/**
 * Rows that `mixture` names, with gaps of up to `mergeGap` rows read over: skipping a few rows costs more than reading
 * them, but a plan for twenty new tokens must not load a whole embedding matrix.
 */
export function referencedRows(mixture: Mixture, sourceRows: number, mergeGap: number): ReferencedRows {
  const isNamed = new Uint8Array(sourceRows);
  for (const source of mixture.sources) if (source < sourceRows) isNamed[source] = 1;
  const stretches: { start: number; count: number }[] = [];
  for (let row = isNamed.indexOf(1); row !== -1; row = isNamed.indexOf(1, row + 1)) {
    const last = stretches.at(-1);
    if (last !== undefined && row - (last.start + last.count) <= mergeGap) last.count = row + 1 - last.start;
    else stretches.push({ start: row, count: 1 });
  }
  const placeOf = new Uint32Array(sourceRows);
  let count = 0;
  for (const stretch of stretches) {
    for (let i = 0; i < stretch.count; i++) placeOf[stretch.start + i] = count++;
  }
  return { stretches, count, placeOf };
}
