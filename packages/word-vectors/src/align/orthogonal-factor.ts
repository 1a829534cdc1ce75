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

/** Beyond it the singular value decomposition of ml-matrix takes longer than the products of polarFactor. */
const SVD_WIDTH = 400;

/** The same from a singular value decomposition, which also knows an answer for singular matrices. */
export function bySingularValues({ rows, columns, data }: Matrix64): Matrix64 {
  const { leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(
    MlMatrix.from1DArray(rows, columns, data),
  );
  const product = leftSingularVectors.mmul(rightSingularVectors.transpose());
  return { rows, columns, data: Float64Array.from(product.to1DArray()) };
}
