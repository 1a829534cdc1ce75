import { openMatrixProduct } from "@revocab/onnx";
import { describe, expect, it } from "vitest";

const shape = { m: 5, k: 7, n: 3 };

function filled<Data extends Float32Array | Float64Array>(data: Data, rows: number, columns: number) {
  for (let i = 0; i < data.length; i++) data[i] = ((i * 37) % 11) - 5;
  return { rows, columns, data };
}

describe("a matrix product", () => {
  for (const type of [Float32Array, Float64Array] as const) {
    for (const transposeLeft of [false, true]) {
      for (const transposeRight of [false, true]) {
        it(`equals the sums of products: ${type.name}, left ${transposeLeft ? "transposed" : "as it is"}, right ${transposeRight ? "transposed" : "as it is"}`, async () => {
          const { m, k, n } = shape;
          const left = filled(new type(m * k), ...((transposeLeft ? [k, m] : [m, k]) as [number, number]));
          const right = filled(new type(k * n), ...((transposeRight ? [n, k] : [k, n]) as [number, number]));
          const product = await openMatrixProduct({ transposeLeft, transposeRight, threads: 1 });
          const result = await product.multiply<Float32Array | Float64Array>(left, right);
          await product.release();
          const expected = Array.from({ length: m * n }, (_, at) => {
            const [i, j] = [Math.floor(at / n), at % n];
            let sum = 0;
            for (let x = 0; x < k; x++) {
              sum +=
                left.data[transposeLeft ? x * m + i : i * k + x] *
                right.data[transposeRight ? j * k + x : x * n + j];
            }
            return sum;
          });
          expect(result).toMatchObject({ rows: m, columns: n });
          expect(result.data).toBeInstanceOf(type);
          expect(Array.from(result.data)).toEqual(expected);
        });
      }
    }
  }
});
