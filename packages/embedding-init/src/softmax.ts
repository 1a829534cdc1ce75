/**
 * Weights ∝ e^{z / temperature}, ≥ 0 with sum 1.
 * @param z [n], n ≥ 1
 */
export function softmax(z: ArrayLike<number>, temperature: number): Float64Array {
  const largest = Array.from(z).reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const weights = Float64Array.from(z, (value) => Math.exp((value - largest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
