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

/** What a batch costs beside its positions, in positions: packing the weights for the products, and small products being slower. */
const BATCH_COST = 64;

/**
 * Groups sequences of like length so that all batches together take the least work: their positions, padding to the longest of a batch
 * included, and what each batch costs by itself. A batch stays within the limits; a sequence that is beyond them runs alone.
 */
export function planBatches(
  lengths: readonly number[],
  { tokens = BATCH_TOKENS, squares = Number.POSITIVE_INFINITY }: BatchLimits = {},
): Batch[] {
  const byLength = Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const sorted = byLength.map((index) => lengths[index]);
  // work[i]: the least for the sequences from i on; next[i]: where the first of their batches ends
  const work = new Float64Array(sorted.length + 1);
  const next = new Uint32Array(sorted.length);
  for (let i = sorted.length - 1; i >= 0; i--) {
    const longest = sorted[i];
    work[i] = Number.POSITIVE_INFINITY;
    for (let end = i + 1; end <= sorted.length; end++) {
      const positions = (end - i) * longest;
      if (end > i + 1 && (positions > tokens || positions * longest > squares)) break;
      const total = BATCH_COST + positions + work[end];
      if (total <= work[i]) {
        work[i] = total;
        next[i] = end;
      }
    }
  }
  const batches: Batch[] = [];
  for (let i = 0; i < sorted.length; i = next[i]) batches.push(byLength.slice(i, next[i]));
  return batches;
}
