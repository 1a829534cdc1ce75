import type { Matrix, Mixture, StoredMatrix } from "@revocab/core";
import { multiplyTransposed } from "@revocab/matrix";

export interface ProjectedRowsOptions {
  /** [n × V_s] over rows of E alone. */
  readonly mixture: Mixture;
  /** P [r × d] */
  readonly axes: Matrix;
  /** E [V_s × d], read once. */
  readonly rows: StoredMatrix;
  readonly abortSignal?: AbortSignal | undefined;
}

/** W·E·Pᵀ → [n × r], as E streams by: each source row is projected once and added wherever it has a weight. */
export async function projectedRows({
  mixture: { offsets, sources, weights },
  axes,
  rows,
  abortSignal,
}: ProjectedRowsOptions): Promise<Matrix> {
  const count = offsets.length - 1;
  const uses = Array.from({ length: rows.rows }, (): { row: number; weight: number }[] => []);
  for (let row = 0; row < count; row++) {
    for (let i = offsets[row]; i < offsets[row + 1]; i++) uses[sources[i]].push({ row, weight: weights[i] });
  }
  const data = new Float32Array(count * axes.rows);
  await multiplyTransposed({
    left: axes,
    right: rows,
    step: "factorize",
    ...(abortSignal && { abortSignal }),
    onBlock: (start, projected) => {
      for (let column = 0; column < projected.columns; column++) {
        for (const { row, weight } of uses[start + column]) {
          for (let axis = 0; axis < axes.rows; axis++) {
            data[row * axes.rows + axis] += weight * projected.data[axis * projected.columns + column];
          }
        }
      }
    },
  });
  return { rows: count, columns: axes.rows, data };
}
