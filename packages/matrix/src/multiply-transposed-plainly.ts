import type { Matrix } from "@revocab/core";
import { rowProduct } from "./multiply-transposed.ts";

/** A [m × d] · Bᵀ, B [n × d] → [m × n], the definition that the SIMD kernel follows bit for bit, NaNs aside. */
export function multiplyTransposedPlainly(left: Matrix, right: Matrix): Matrix {
  const data = new Float32Array(left.rows * right.rows);
  for (let i = 0; i < left.rows; i++) {
    for (let j = 0; j < right.rows; j++) data[i * right.rows + j] = rowProduct(left, i, right, j);
  }
  return { rows: left.rows, columns: right.rows, data };
}
