import type { Matrix } from "@revocab/core";

/** Products summed on their own before they are added to a total: the kernel's two panels of them stay in the nearest cache. */
export const DEPTH = 256;

/**
 * A [m × d] · Bᵀ, B [n × d] → [m × n], the definition that the SIMD kernel follows bit for bit, NaNs aside.
 *
 * Each value is the sum, from +0, of the sums of {@link DEPTH} products at a time, each in the order of the columns and
 * rounded to f32 after every product and sum. So a value depends on its two rows alone and not on where they stand.
 */
export function multiplyTransposedPlainly(left: Matrix, right: Matrix): Matrix {
  const { columns: depth } = left;
  const data = new Float32Array(left.rows * right.rows);
  for (let i = 0; i < left.rows; i++) {
    for (let j = 0; j < right.rows; j++) {
      let total = 0;
      for (let start = 0; start < depth; start += DEPTH) {
        let sum = 0;
        for (let k = start; k < Math.min(start + DEPTH, depth); k++) {
          sum = Math.fround(sum + Math.fround(left.data[i * depth + k] * right.data[j * depth + k]));
        }
        total = Math.fround(total + sum);
      }
      data[i * right.rows + j] = total;
    }
  }
  return { rows: left.rows, columns: right.rows, data };
}
