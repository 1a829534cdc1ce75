/** A range of numbers and round numbers in it. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Digits after the point of the ticks. */
  readonly places: number;
}

/**
 * A range that ends at round numbers and holds all values; around a single value it reaches to 0, or is 1 wide at 0.
 * @param aims how many ticks are aimed at
 */
export function scaleOf(values: Iterable<number>, aims = 5): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
  const step = roundStep((high - low) / aims);
  const [first, last] = [Math.floor(low / step + EDGE), Math.ceil(high / step - EDGE)];
  return {
    low: first * step,
    high: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step),
    places: Math.max(0, -Math.floor(Math.log10(step) + EDGE)),
  };
}

/** Of a step: what division loses in the last digits is no further tick. */
const EDGE = 1e-9;

/** The next of 1, 2 and 5 by a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * (([1, 2, 5].find((digit) => digit * power >= step * (1 - EDGE)) ?? 10) as number);
}
