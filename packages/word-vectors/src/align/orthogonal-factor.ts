import { Matrix as MlMatrix, SingularValueDecomposition } from "ml-matrix";
import { polarFactor } from "./polar-factor.ts";
import type { Matrix64 } from "./transposed-product.ts";

/**
 * U·Vᵀ of a square matrix U·S·Vᵀ: the orthogonal matrix nearest to it. Where the matrix is singular, what it does to the
 * directions that the matrix says nothing of is arbitrary.
 */
export function orthogonalFactor(matrix: Matrix64): Matrix64 {
  if (matrix.rows <= SVD_WIDTH) return bySingularValues(matrix);
  return polarFactor(matrix) ?? bySingularValues(matrix);
}

/**
 * Up to here the singular value decomposition of ml-matrix, which has an answer for singular matrices at no further cost.
 * Beyond, both take about as long (2.7 s of processor time at 512, 8 s at 768).
 */
const SVD_WIDTH = 400;

/** The same from a singular value decomposition, which also knows an answer for singular matrices. */
export function bySingularValues({ rows, columns, data }: Matrix64): Matrix64 {
  const { leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(
    MlMatrix.from1DArray(rows, columns, data),
  );
  const product = leftSingularVectors.mmul(rightSingularVectors.transpose());
  return { rows, columns, data: Float64Array.from(product.to1DArray()) };
}
