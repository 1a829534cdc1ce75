import type { Matrix } from "@revocab/core";

/** Rows that are not all zeros. */
export function tokensWithVector({ rows, columns, data }: Matrix): number[] {
  return Array.from({ length: rows }, (_, id) => id).filter((id) =>
    data.subarray(id * columns, (id + 1) * columns).some((value) => value !== 0),
  );
}

/** [ids × d] */
export function rowsOf({ columns, data }: Matrix, ids: readonly number[]): Matrix {
  const chosen = new Float32Array(ids.length * columns);
  ids.forEach((id, i) => {
    chosen.set(data.subarray(id * columns, (id + 1) * columns), i * columns);
  });
  return { rows: ids.length, columns, data: chosen };
}
