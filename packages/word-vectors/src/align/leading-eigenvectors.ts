import { EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import type { Matrix64 } from "./transposed-product.ts";

export interface LeadingEigenvectors {
  /** [d × count] orthonormal columns, of the largest eigenvalue first. */
  readonly vectors: Matrix64;
  /** [d] all eigenvalues, the largest first. */
  readonly values: Float64Array;
}

/**
 * The eigenvectors of the `count` largest eigenvalues of a symmetric matrix [d × d], count ≤ d. Takes about a second at
 * d = 512, 7 at 1,024, and eight times as long at twice the width.
 */
export function leadingEigenvectors(
  { rows: d, data }: Pick<Matrix64, "rows" | "data">,
  count: number,
): LeadingEigenvectors {
  const decomposition = new EigenvalueDecomposition(MlMatrix.from1DArray(d, d, data), {
    assumeSymmetric: true,
  });
  const found = decomposition.realEigenvalues;
  const order = found.map((_, i) => i).sort((a, b) => found[b] - found[a] || a - b);
  const vectors = new Float64Array(d * count);
  for (let column = 0; column < count; column++) {
    for (let i = 0; i < d; i++) {
      vectors[i * count + column] = decomposition.eigenvectorMatrix.get(i, order[column]);
    }
  }
  return {
    vectors: { rows: d, columns: count, data: vectors },
    values: Float64Array.from(order, (i) => found[i]),
  };
}
