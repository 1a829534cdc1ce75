import type { Matrix, Mixture } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";

/** [n] ‖Σ w_i·D_i − x‖ / ‖x‖ for weights [n × A] over the anchors D and rows x [n × d]; 1 for an empty row. */
export function relativeErrors(mixture: Mixture, anchors: Matrix, rows: Matrix): Float64Array {
  const { columns, data } = rows;
  return Float64Array.from({ length: rows.rows }, (_, row) => {
    const { sources, weights } = mixtureRow(mixture, row);
    const left = Float64Array.from(data.subarray(row * columns, (row + 1) * columns));
    const length = lengthOf(left);
    for (const [i, anchor] of sources.entries()) {
      for (let j = 0; j < columns; j++) left[j] -= weights[i] * anchors.data[anchor * columns + j];
    }
    return lengthOf(left) / length;
  });
}

function lengthOf(row: Float64Array): number {
  return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
}
