import type { Matrix } from "@revocab/core";
import { multiplyTransposed, storedView, transposed } from "@revocab/matrix";

/**
 * X [n × p] · M [p × q] → [n × q] in f32. The image of a row does not depend on those beside it, as it would by the runtime's
 * products, whose sums are grouped by the shape of the whole.
 */
export async function rowImages(x: Matrix, map: Matrix): Promise<Matrix> {
  const { columns } = map;
  const data = new Float32Array(x.rows * columns);
  if (x.rows === 0) return { rows: 0, columns, data };
  await multiplyTransposed({
    left: x,
    right: storedView(transposed(map)),
    onBlock(start, block) {
      for (let row = 0; row < block.rows; row++) {
        data.set(block.data.subarray(row * block.columns, (row + 1) * block.columns), row * columns + start);
      }
    },
  });
  return { rows: x.rows, columns, data };
}
