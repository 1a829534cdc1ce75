import { type Job, throwIfAborted } from "@revocab/core";
import {
  choleskyFactor,
  leadingEigenvectors,
  type Matrix64,
  randomStream,
  transposed,
} from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { solveLower } from "./triangular-systems.ts";

/**
 * P [d × width], orthonormal columns that span the directions of most variance, for a covariance [d × d]; null columns where
 * there is no variance left. Which axes of that space they are is open.
 *
 * Up to 1,024 columns the eigenvectors of ml-matrix, in seconds. Beyond, where those take eight times as long at twice the
 * width, by {@link subspaceIteration}.
 * @throws RevocabError aborted
 */
export async function principalSubspace(
  covariance: Matrix64,
  width: number,
  products: DenseProducts,
  job?: Job,
): Promise<Matrix64> {
  if (covariance.rows <= EIGENVECTOR_WIDTH) return (await leadingEigenvectors(covariance, width)).vectors;
  return subspaceIteration(covariance, width, products, job);
}

const EIGENVECTOR_WIDTH = 1024;

/**
 * Orthogonal iteration Q ← orth(C·Q) from normal numbers of a fixed seed, until a round adds less than 10⁻⁴ to the share of
 * the variance that Q has. It is all products and one Cholesky factor a round. Where variances beside the cut are nearly equal
 * it may take one direction for another: these are the ones that matter least, and the space holds as much of the variance.
 * @see https://arxiv.org/abs/0909.4061 Halko, Martinsson and Tropp
 */
export async function subspaceIteration(
  covariance: Matrix64,
  width: number,
  products: DenseProducts,
  job?: Job,
): Promise<Matrix64> {
  const { rows: d, data } = covariance;
  let total = 0;
  for (let i = 0; i < d; i++) total += data[i * d + i];
  let q = await orthonormalColumns(normalColumns(d, width), products);
  let held = 0;
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    throwIfAborted(job?.abortSignal);
    const image = await products.multiply(covariance, q);
    const share = innerProduct(q, image) / (total || 1);
    q = await orthonormalColumns(image, products);
    if (round > 0 && share - held < 1e-4) break;
    held = share;
  }
  return q;
}

const MAXIMUM_ROUNDS = 30;

function normalColumns(rows: number, columns: number): Matrix64 {
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const stream = randomStream(SEED, row);
    for (let j = 0; j < columns; j++) data[row * columns + j] = stream.normal();
  }
  return { rows, columns, data };
}

const SEED = 0;

/** Y·L⁻ᵀ with L·Lᵀ = YᵀY, twice, for the digits that the square costs; dependent columns become null. */
async function orthonormalColumns(columns: Matrix64, products: DenseProducts): Promise<Matrix64> {
  let rows = transposed(columns);
  for (let pass = 0; pass < 2; pass++) {
    const gram = await products.multiply(rows, rows, { transposeRight: true });
    rows = await solveLower(choleskyFactor(gram.data, gram.rows), rows, products);
  }
  return transposed(rows);
}

function innerProduct({ data: a }: Matrix64, { data: b }: Matrix64): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
