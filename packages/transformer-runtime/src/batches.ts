/** Sequences that run together, as indices into the list they came from; the longest first. */
export type Batch = readonly number[];

export interface BatchLimits {
  /** Positions of a batch, padding included. @default 2048 */
  readonly tokens?: number;
  /** Σ length² of its sequences, padding included: what attention holds. @default no limit */
  readonly squares?: number;
}

/** Matrix products gain nothing from more rows than this at once, and memory grows with them. */
const BATCH_TOKENS = 2048;

/**
 * Groups sequences so that padding to the longest of a batch costs little, and a batch stays within the limits (a
 * sequence that is beyond them runs alone).
 */
export function planBatches(
  lengths: readonly number[],
  { tokens = BATCH_TOKENS, squares = Number.POSITIVE_INFINITY }: BatchLimits = {},
): Batch[] {
  const byLength = Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const batches: number[][] = [];
  let longest = 0;
  for (const index of byLength) {
    const batch = batches.at(-1);
    const positions = ((batch?.length ?? 0) + 1) * longest;
    if (batch !== undefined && positions <= tokens && positions * longest <= squares) {
      batch.push(index);
      continue;
    }
    longest = lengths[index];
    batches.push([index]);
  }
  return batches;
}
