import { RevocabError } from "@revocab/core";

/**
 * The lower triangle L [size × size] with L·Lᵀ = `matrix` (symmetric, row-major, f64), zeros above the diagonal.
 *
 * Semi-definite input is allowed: where the rows before explain a row to within rounding (a pivot of at most
 * `size` × 2⁻⁴⁴ of its diagonal), its column of L is null. A dependent row's pivot can round to below zero by more than
 * that when the rows before are themselves nearly dependent; only one below −2⁻²⁰ of its diagonal is taken for a fault.
 * @throws RevocabError shape_mismatch; bad_options when the matrix is not positive semi-definite or not finite
 */
export function choleskyFactor(matrix: Float64Array, size: number): Float64Array {
  if (matrix.length !== size * size) {
    throw new RevocabError(
      "shape_mismatch",
      `a matrix of ${matrix.length} values was given, expected ${size} × ${size} = ${size * size}`,
    );
  }
  const lower = new Float64Array(size * size);
  const tolerance = size * 2 ** -44;
  for (let start = 0; start < size; start += BLOCK) {
    const end = Math.min(size, start + BLOCK);
    for (let i = start; i < size; i++) {
      subtractProducts(matrix, lower, size, i, start, Math.min(i + 1, end));
    }
    for (let j = start; j < end; j++) factorColumn(matrix, lower, size, start, j, tolerance);
  }
  return lower;
}

/** Rows of L that fit a core's second-level cache together: 64 × 4096 × 8 bytes = 2 MB. */
const BLOCK = 64;

/** lower[i, start … end) = matrix − Σ_{k < start} lower[i, k] · lower[j, k]: all that the finished columns explain. */
function subtractProducts(
  matrix: Float64Array,
  lower: Float64Array,
  size: number,
  i: number,
  start: number,
  end: number,
): void {
  const left = i * size;
  let j = start;
  for (; j + 4 <= end; j += 4) {
    const a = j * size;
    const b = a + size;
    const c = b + size;
    const d = c + size;
    let sumA = 0;
    let sumB = 0;
    let sumC = 0;
    let sumD = 0;
    for (let k = 0; k < start; k++) {
      const factor = lower[left + k];
      sumA += factor * lower[a + k];
      sumB += factor * lower[b + k];
      sumC += factor * lower[c + k];
      sumD += factor * lower[d + k];
    }
    lower[left + j] = matrix[left + j] - sumA;
    lower[left + j + 1] = matrix[left + j + 1] - sumB;
    lower[left + j + 2] = matrix[left + j + 2] - sumC;
    lower[left + j + 3] = matrix[left + j + 3] - sumD;
  }
  for (; j < end; j++) {
    let sum = 0;
    for (let k = 0; k < start; k++) sum += lower[left + k] * lower[j * size + k];
    lower[left + j] = matrix[left + j] - sum;
  }
}

function factorColumn(
  matrix: Float64Array,
  lower: Float64Array,
  size: number,
  start: number,
  j: number,
  tolerance: number,
): void {
  const top = j * size;
  let pivot = lower[top + j];
  for (let k = start; k < j; k++) pivot -= lower[top + k] ** 2;
  const diagonal = matrix[top + j];
  if (!(pivot >= -(2 ** -20) * Math.abs(diagonal)) || pivot === Number.POSITIVE_INFINITY) {
    throw new RevocabError(
      "bad_options",
      `the matrix is not positive semi-definite: pivot ${j} is ${pivot} beside a diagonal of ${diagonal}`,
    );
  }
  if (pivot <= tolerance * diagonal) {
    for (let i = j; i < size; i++) lower[i * size + j] = 0;
    return;
  }
  const root = Math.sqrt(pivot);
  lower[top + j] = root;
  for (let i = j + 1; i < size; i++) {
    let rest = lower[i * size + j];
    for (let k = start; k < j; k++) rest -= lower[i * size + k] * lower[top + k];
    lower[i * size + j] = rest / root;
  }
}
