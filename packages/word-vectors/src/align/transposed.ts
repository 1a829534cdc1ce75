import type { Matrix64 } from "./transposed-product.ts";

/** [n × p] → [p × n] */
export function transposed({
  rows,
  columns,
  data,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array | Float64Array;
}): Matrix64 {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column];
  }
  return { rows: columns, columns: rows, data: result };
}
