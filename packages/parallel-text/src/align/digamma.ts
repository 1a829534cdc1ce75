/**
 * ψ(x), the derivative of ln Γ(x), for x > 0, within 1e-12 of its value.
 *
 * ψ(x) = ψ(x + 1) − 1/x until x ≥ 8, then the asymptotic series ln x − 1/(2x) − Σ B_2k / (2k·x^2k).
 */
export function digamma(x: number): number {
  let shifted = x;
  let result = 0;
  for (; shifted < 8; shifted++) result -= 1 / shifted;
  const square = 1 / (shifted * shifted);
  const series =
    square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return result + Math.log(shifted) - 0.5 / shifted - series;
}
