import { choleskyFactor } from "./cholesky-factor.ts";

/**
 * The solution X [size × columns] of A · X = B, row-major, f64, for a symmetric positive definite A [size × size].
 * Where A has no information (a null pivot), X is 0.
 * @throws RevocabError as `choleskyFactor` does
 */
export function solvePositive(
  matrix: Float64Array,
  size: number,
  right: Float64Array,
  columns: number,
): Float64Array {
  const lower = choleskyFactor(matrix, size);
  const solution = right.slice();
  for (let i = 0; i < size; i++) {
    const row = solution.subarray(i * columns, (i + 1) * columns);
    for (let k = 0; k < i; k++) subtract(row, lower[i * size + k], solution, k * columns);
    divide(row, lower[i * size + i]);
  }
  for (let i = size - 1; i >= 0; i--) {
    const row = solution.subarray(i * columns, (i + 1) * columns);
    for (let k = i + 1; k < size; k++) subtract(row, lower[k * size + i], solution, k * columns);
    divide(row, lower[i * size + i]);
  }
  return solution;
}

/** row −= factor · other[start …] */
function subtract(row: Float64Array, factor: number, other: Float64Array, start: number): void {
  if (factor === 0) return;
  for (let j = 0; j < row.length; j++) row[j] -= factor * other[start + j];
}

function divide(row: Float64Array, pivot: number): void {
  for (let j = 0; j < row.length; j++) row[j] = pivot === 0 ? 0 : row[j] / pivot;
}
