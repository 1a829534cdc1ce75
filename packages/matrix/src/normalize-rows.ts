import type { Matrix } from "@revocab/core";

/** Scales each row to length 1, in place; a row of zeros stays as it is, one with an infinity or a NaN gets NaNs. */
export function normalizeRows({ rows, columns, data }: Matrix): void {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * columns;
    let square = 0;
    for (let i = row * columns; i < end; i++) square += data[i] * data[i];
    if (square === 0) continue;
    const length = Math.sqrt(square);
    for (let i = row * columns; i < end; i++) data[i] /= length;
  }
}
