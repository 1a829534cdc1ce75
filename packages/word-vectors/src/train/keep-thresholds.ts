/**
 * The chance of each word to stay in its line, √(t/f) + t/f for a share f of the text, at most 1, as a threshold: stay when 32
 * random bits are at most it.
 * @param counts [words]
 * @param tokenCount words of the text, rare ones included
 */
export function keepThresholds(counts: Float64Array, tokenCount: number, subsampling: number): Uint32Array {
  return Uint32Array.from(counts, (count) => {
    const ratio = (subsampling * tokenCount) / count;
    return probabilityThreshold(Math.sqrt(ratio) + ratio);
  });
}

/** The largest of the 2³² numbers for which something of this probability happens. */
export function probabilityThreshold(probability: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.floor(probability * 2 ** 32) - 1));
}
