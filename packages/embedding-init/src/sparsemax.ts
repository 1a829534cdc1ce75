/**
 * The point of the probability simplex nearest to z: like a softmax, but most weights are exactly 0.
 * With z sorted, k = max{j : j·z_j > Σ_{i≤j} z_i − 1} and τ = (Σ_{i≤k} z_i − 1) / k, it is max(z − τ, 0).
 *
 * Example: (0.1, 0.2, 0.3, 0.15) → (0.1625, 0.2625, 0.3625, 0.2125); (3, 0, 0) → (1, 0, 0).
 * @param z [n], n ≥ 1, finite
 * @see https://arxiv.org/abs/1602.02068
 */
export function sparsemax(z: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(z).sort().reverse();
  let sum = 0;
  let threshold = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    if ((i + 1) * sorted[i] <= sum - 1) break;
    threshold = (sum - 1) / (i + 1);
  }
  return Float64Array.from(z, (value) => Math.max(value - threshold, 0));
}
