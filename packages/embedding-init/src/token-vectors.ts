import type { Matrix } from "@revocab/core";

/** Rows that are not all zeros. */
export function tokensWithVector({ rows, columns, data }: Matrix): number[] {
  return Array.from({ length: rows }, (_, id) => id).filter((id) =>
    data.subarray(id * columns, (id + 1) * columns).some((value) => value !== 0),
  );
}
