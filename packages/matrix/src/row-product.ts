import type { Matrix } from "@revocab/core";

/** Products summed on their own before they are added to a total: the kernel's two panels of them stay in the nearest cache. */
export const DEPTH = 256;

/**
 * The dot product of row i of A [m × d] and row j of B [n × d] as `multiplyTransposed` gives it, bit for bit, NaNs aside.
 *
 * It is the sum, from +0, of the sums of {@link DEPTH} products at a time, each in the order of the columns and rounded to
 * f32 after every product and sum. So a value depends on its two rows alone and not on where they stand.
 */
export function rowProduct(left: Matrix, i: number, right: Matrix, j: number): number {
  const { columns, data: a } = left;
  const { data: b } = right;
  let at = i * columns;
  let beside = j * columns;
  let total = 0;
  for (const end = at + columns; at < end; ) {
    const stop = Math.min(at + DEPTH, end);
    let sum = 0;
    for (; at < stop; at++, beside++) sum = Math.fround(sum + Math.fround(a[at] * b[beside]));
    total = Math.fround(total + sum);
  }
  return total;
}
