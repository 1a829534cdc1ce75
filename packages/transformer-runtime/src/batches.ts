/** Sequences that run together, as indices into the list they came from; the longest first. */
export type Batch = readonly number[];

/** Matrix products gain nothing from more rows than this at once, and memory grows with them. */
const BATCH_TOKENS = 2048;

/**
 * Groups sequences so that padding to the longest of a batch costs little, and a batch has at most `batchTokens`
 * positions, padding included (a longer sequence runs alone).
 */
export function planBatches(lengths: readonly number[], batchTokens = BATCH_TOKENS): Batch[] {
  const byLength = Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const batches: number[][] = [];
  let longest = 0;
  for (const index of byLength) {
    const batch = batches.at(-1);
    if (batch !== undefined && (batch.length + 1) * longest <= batchTokens) {
      batch.push(index);
      continue;
    }
    longest = lengths[index];
    batches.push([index]);
  }
  return batches;
}
