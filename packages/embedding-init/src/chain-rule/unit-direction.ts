import { solvePositive } from "@revocab/matrix";
import type { StateSums } from "./state-sums.ts";

/**
 * u [d] with u·h ≈ 1 over the hidden states h: (E[hhᵀ] + λI)⁻¹ E[h], λ = 10⁻³ of the mean of E[hhᵀ]'s diagonal. Adding
 * c·u to a head row adds c to its logits, as a bias would.
 */
export function unitDirection({ width, total, own, count }: StateSums): Float64Array {
  const second = own.map((value) => value / count);
  addRidge(second, width, RIDGE);
  return solvePositive(
    second,
    width,
    total.map((value) => value / count),
    1,
  );
}

const RIDGE = 1e-3;

/** Adds `share` of the mean diagonal to the diagonal; returns what was added. */
export function addRidge(matrix: Float64Array, width: number, share: number): number {
  let trace = 0;
  for (let i = 0; i < width; i++) trace += matrix[i * width + i];
  const ridge = (share * trace) / width;
  for (let i = 0; i < width; i++) matrix[i * width + i] += ridge;
  return ridge;
}
