import type { Matrix } from "@revocab/core";

/** One row's picks and coefficients, by the textbook: residual, largest product, least squares; all in f64. */
export function naivePursuit(
  atoms: Matrix,
  target: Float32Array,
  k: number,
  except?: number,
): { picks: number[]; coefficients: number[] } {
  const rowOf = (i: number) => Array.from(atoms.data.subarray(i * atoms.columns, (i + 1) * atoms.columns));
  const x = Array.from(target);
  const picks: number[] = [];
  let coefficients: number[] = [];
  let residual = x;
  while (picks.length < k) {
    let best = 0;
    let at = -1;
    for (let i = 0; i < atoms.rows; i++) {
      if (i === except || picks.includes(i)) continue;
      const value = Math.abs(inner(residual, rowOf(i)));
      if (value > best) [best, at] = [value, i];
    }
    if (at < 0) break;
    const chosen = [...picks, at].map(rowOf);
    const solved = leastSquares(chosen, x);
    if (solved === undefined) break;
    picks.push(at);
    coefficients = solved;
    residual = x.map((value, j) => value - coefficients.reduce((sum, c, i) => sum + c * chosen[i][j], 0));
    if (inner(residual, residual) <= 2 ** -40 * inner(x, x)) break;
  }
  return { picks, coefficients };
}

/** By Gram–Schmidt, twice; undefined where the last row depends on those before. */
function leastSquares(rows: readonly number[][], x: readonly number[]): number[] | undefined {
  const basis: number[][] = [];
  const upper: number[][] = [];
  for (const row of rows) {
    let left = row;
    const shares = basis.map(() => 0);
    for (const _ of [1, 2]) {
      for (const [i, direction] of basis.entries()) {
        const share = inner(left, direction);
        shares[i] += share;
        left = left.map((value, j) => value - share * direction[j]);
      }
    }
    const length = Math.sqrt(inner(left, left));
    if (length ** 2 <= 2 ** -40 * inner(row, row)) return undefined;
    basis.push(left.map((value) => value / length));
    upper.push([...shares, length]);
  }
  const result = basis.map((direction) => inner(direction, x));
  for (let i = result.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < result.length; j++) result[i] -= upper[j][i] * result[j];
    result[i] /= upper[i][i];
  }
  return result;
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
