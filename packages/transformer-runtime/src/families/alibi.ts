/**
 * The slopes of ALiBi for each head: 2^(−8 i / n) for heads i = 1 … n where n is a power of two, else those of the power below it
 * and every second one of the power above.
 * @see https://arxiv.org/abs/2108.12409
 */
export function alibiSlopes(heads: number): readonly number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number, step: number, of: number) =>
    Array.from({ length: count }, (_, i) => baseOf(of) ** (1 + i * step));
  return [...slopes(power, 1, power), ...slopes(heads - power, 2, 2 * power)].map(Math.fround);
}

/** In f32, as the reference library computes it. */
function baseOf(power: number): number {
  return Math.fround(2 ** -(2 ** -(Math.log2(power) - 3)));
}
