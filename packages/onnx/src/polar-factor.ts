import { type Job, throwIfAborted } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "./dense-products.ts";

export interface PolarFactor {
  /** [p × q] U_r·V_rᵀ of U·S·Vᵀ, over the singular values that are not 0. */
  readonly factor: Matrix64;
  /** r */
  readonly rank: number;
}

/**
 * The orthogonal map nearest to a matrix [p × q], p ≥ q, and 0 on its null space, by the scaled Newton–Schulz iteration
 * X ← X·(3I − XᵀX)/2 in f64: singular values in (0, √3) go to 1, small ones by a factor of up to 2.6 a round, and zeros
 * stay. Those below about 10⁻¹⁰ of the largest count as zeros.
 * @see https://www.mcs.anl.gov/papers/P5059-0114.pdf Chen and Chow, A stable scaling of Newton–Schulz
 * @throws RevocabError aborted, between two rounds
 */
export async function polarFactor(
  matrix: Matrix64,
  products: DenseProducts,
  job?: Job,
): Promise<PolarFactor> {
  const gramOf = (of: Matrix64) => products.multiply(of, of, { transposeLeft: true });
  let x = scaled(matrix, 1 / Math.sqrt(largestRowSum(await gramOf(matrix)) || 1));
  let smallest = SMALLEST;
  let isNear = false;
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    throwIfAborted(job?.abortSignal);
    const square = 3 / (1 + smallest + smallest ** 2);
    const next = await products.multiply(x, correction(await gramOf(x), Math.sqrt(square)));
    const change = distanceBetween(x, next);
    x = next;
    if (isNear) break;
    // What is near 1 comes nearer by the square: after one more round the rest is below the rounding of f64.
    isNear = smallest > 0.99 && change < 1e-4;
    smallest = Math.min(1, (Math.sqrt(square) * smallest * (3 - square * smallest ** 2)) / 2);
  }
  return { factor: x, rank: Math.round(squaredLength(x)) };
}

/**
 * What is taken for the smallest singular value beside the largest. The first rounds bring the largest down to about it, so
 * it costs as many digits; values below it only need more rounds.
 */
const SMALLEST = 1e-6;

/** By then a singular value below 1 is rounding noise. */
const MAXIMUM_ROUNDS = 70;

function scaled({ rows, columns, data }: Matrix64, factor: number): Matrix64 {
  return { rows, columns, data: data.map((value) => value * factor) };
}

/** The norm ‖G‖∞, which no eigenvalue of G exceeds: scaled by its root, no singular value is above 1. */
function largestRowSum({ rows, columns, data }: Matrix64): number {
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += Math.abs(data[i]);
    largest = Math.max(largest, sum);
  }
  return largest;
}

/** a·(3I − a²·G) / 2 */
function correction({ rows, columns, data }: Matrix64, scale: number): Matrix64 {
  const result = data.map((value) => (-(scale ** 3) / 2) * value);
  for (let i = 0; i < columns; i++) result[i * columns + i] += 1.5 * scale;
  return { rows, columns, data: result };
}

function distanceBetween({ data: a }: Matrix64, { data: b }: Matrix64): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i] - b[i]) ** 2;
  return Math.sqrt(square);
}

function squaredLength({ data }: Matrix64): number {
  return data.reduce((sum, value) => sum + value * value, 0);
}
