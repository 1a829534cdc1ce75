/**
 * How far two f32 dot products of the same rows can be apart, whatever the order in which each adds, with products rounded or
 * not: each is within γ·|a|·|b| of the true one, γ = d·u / (1 − d·u) and u = 2⁻²⁴, and what is lost below the smallest normal
 * number is at most 2⁻¹⁴⁹ a term.
 * @param depth d
 * @param lengths |a|·|b|, or more
 * @see Higham, Accuracy and Stability of Numerical Algorithms, 3.1
 */
export function productError(depth: number, lengths: number): number {
  const roundings = (depth + 2) * 2 ** -24;
  return (2 * roundings * lengths) / (1 - roundings) + depth * 2 ** -148;
}
