import { choleskyFactor, type Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";

/**
 * L⁻¹ [d × d] of a symmetric positive definite A = L·Lᵀ, zeros above the diagonal. Halves of the matrix are joined by products of matrices, so that
 * nearly all of the work is theirs: d = 2,048 takes about a second.
 * @param onRows called with the number of rows that are done since the last call, d in all
 * @throws RevocabError bad_options when the matrix is not positive definite or not finite
 */
export async function inverseFactor(
  matrix: Matrix64,
  products: DenseProducts,
  onRows?: (count: number) => void,
): Promise<Matrix64> {
  const { rows: size } = matrix;
  if (size <= LEAF) {
    const data = leafInverse(choleskyFactor(matrix.data, size), size);
    onRows?.(size);
    return { ...matrix, data };
  }
  const half = Math.ceil(size / 2);
  const first = await inverseFactor(part(matrix, [0, half], [0, half]), products, onRows);
  const below = await products.multiply(part(matrix, [half, size], [0, half]), first, {
    transposeRight: true,
  });
  const explained = await products.multiply(below, below, { transposeRight: true });
  const rest = part(matrix, [half, size], [half, size]);
  for (let at = 0; at < rest.data.length; at++) rest.data[at] -= explained.data[at];
  const second = await inverseFactor(rest, products, onRows);
  const left = await products.multiply(second, await products.multiply(below, first));
  const data = new Float64Array(size * size);
  for (let i = 0; i < half; i++) data.set(first.data.subarray(i * half, (i + 1) * half), i * size);
  for (let i = half; i < size; i++) {
    for (let j = 0; j < half; j++) data[i * size + j] = -left.data[(i - half) * half + j];
    const own = (i - half) * (size - half);
    data.set(second.data.subarray(own, own + size - half), i * size + half);
  }
  return { rows: size, columns: size, data };
}

const LEAF = 128;

/** A copy of some rows and columns. */
function part(
  { columns, data }: Matrix64,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): Matrix64 {
  const width = right - left;
  const copy = new Float64Array((bottom - top) * width);
  for (let i = top; i < bottom; i++) {
    copy.set(data.subarray(i * columns + left, i * columns + right), (i - top) * width);
  }
  return { rows: bottom - top, columns: width, data: copy };
}

/** Forward substitution for the columns of the identity. */
function leafInverse(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const pivot = lower[i * size + i];
    if (pivot === 0) continue;
    inverse[i * size + i] = 1;
    for (let k = 0; k < i; k++) {
      const factor = lower[i * size + k];
      for (let j = 0; j <= k; j++) inverse[i * size + j] -= factor * inverse[k * size + j];
    }
    for (let j = 0; j <= i; j++) inverse[i * size + j] /= pivot;
  }
  return inverse;
}
