import { choleskyFactor, type DenseMatrix, leadingEigenvectors } from "@revocab/matrix";

/**
 * The weights w [k] of least norm among those with the least ‖Pᵀw − x‖, for points P [k × d] and a target x [d], in f64.
 *
 * By the normal equations PPᵀ·w = P·x, whose squares f64 has digits for: of rows in f32, singular values below 2⁻²⁴ of the
 * largest are rounding. Independent points take a Cholesky factor; else those singular values count that are above max(k, d)·2⁻²³ of the
 * largest, as in LAPACK's gelsd.
 */
export async function minimumNormWeights(
  { rows: k, columns: d, data }: DenseMatrix<Float32Array | Float64Array>,
  target: Float32Array | Float64Array,
): Promise<Float64Array> {
  const gram = new Float64Array(k * k);
  const right = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    right[i] = dot(data, i * d, target, 0, d);
    for (let j = 0; j <= i; j++) gram[i * k + j] = gram[j * k + i] = dot(data, i * d, data, j * d, d);
  }
  return byCholesky(gram, right) ?? byEigenvectors(gram, right, (Math.max(k, d) * 2 ** -23) ** 2);
}

/** @returns undefined where points are dependent, or nearly so */
export function byCholesky(gram: Float64Array, right: Float64Array): Float64Array | undefined {
  const k = right.length;
  const lower = choleskyFactor(gram, k);
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < k; i++) {
    largest = Math.max(largest, gram[i * k + i]);
    smallest = Math.min(smallest, lower[i * k + i] ** 2);
  }
  if (!(smallest > SMALLEST_PIVOT * largest)) return undefined;
  const weights = right.slice();
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < i; j++) weights[i] -= lower[i * k + j] * weights[j];
    weights[i] /= lower[i * k + i];
  }
  for (let i = k - 1; i >= 0; i--) {
    for (let j = i + 1; j < k; j++) weights[i] -= lower[j * k + i] * weights[j];
    weights[i] /= lower[i * k + i];
  }
  return weights;
}

/** Beside the largest diagonal: above it, twelve of the sixteen digits of f64 are left. */
const SMALLEST_PIVOT = 1e-4;

/** @param tolerance eigenvalues of at most this share of the largest are taken for zeros */
export async function byEigenvectors(
  gram: Float64Array,
  right: Float64Array,
  tolerance: number,
): Promise<Float64Array> {
  const k = right.length;
  const { vectors, values } = await leadingEigenvectors({ rows: k, data: gram }, k);
  const weights = new Float64Array(k);
  for (let column = 0; column < k && values[column] > tolerance * values[0]; column++) {
    let share = 0;
    for (let i = 0; i < k; i++) share += vectors.data[i * k + column] * right[i];
    share /= values[column];
    for (let i = 0; i < k; i++) weights[i] += share * vectors.data[i * k + column];
  }
  return weights;
}

function dot(
  a: Float32Array | Float64Array,
  startA: number,
  b: Float32Array | Float64Array,
  startB: number,
  count: number,
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[startA + i] * b[startB + i];
  return sum;
}
