import {
  type DenseProducts,
  kernelProducts,
  openDenseProducts,
  openMatrixProduct,
  type Transposition,
} from "@revocab/onnx";
import { describe, expect, it } from "vitest";

const shape = { m: 5, k: 7, n: 3 };

function filled<Data extends Float32Array | Float64Array>(data: Data, rows: number, columns: number) {
  for (let i = 0; i < data.length; i++) data[i] = ((i * 37) % 11) - 5;
  return { rows, columns, data };
}

/** One product for one transposition, as those need that multiply a million times alike. */
const onePerTransposition: Pick<DenseProducts, "multiply" | "release"> = {
  async multiply(left, right, transposition: Transposition = {}) {
    const product = await openMatrixProduct({ ...transposition, threads: 1 });
    const result = await product.multiply(left, right);
    await product.release();
    return result;
  },
  async release() {},
};

describe.each([
  ["the runtime, opened for one transposition", async () => onePerTransposition],
  ["the runtime where it is installed", () => openDenseProducts(1)],
  ["the kernels", async () => kernelProducts()],
] as const)(
  "a matrix product by %s",
  (_, open: () => Promise<Pick<DenseProducts, "multiply" | "release">>) => {
    for (const type of [Float32Array, Float64Array] as const) {
      for (const transposeLeft of [false, true]) {
        for (const transposeRight of [false, true]) {
          it(`equals the sums of products: ${type.name}, left ${transposeLeft ? "transposed" : "as it is"}, right ${transposeRight ? "transposed" : "as it is"}`, async () => {
            const { m, k, n } = shape;
            const left = filled(new type(m * k), ...((transposeLeft ? [k, m] : [m, k]) as [number, number]));
            const right = filled(
              new type(k * n),
              ...((transposeRight ? [n, k] : [k, n]) as [number, number]),
            );
            const products = await open();
            const result = await products.multiply<Float32Array | Float64Array>(left, right, {
              transposeLeft,
              transposeRight,
            });
            await products.release();
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

    it.each([Float32Array, Float64Array])(
      "of a matrix with itself, transposed, equals its sums: %o",
      async (type) => {
        const matrix = filled(new type(9 * 4), 9, 4);
        const products = await open();
        const { data } = await products.multiply<Float32Array | Float64Array>(matrix, matrix, {
          transposeLeft: true,
        });
        await products.release();
        const column = (i: number) => Array.from({ length: 9 }, (_, row) => matrix.data[row * 4 + i]);
        const expected = Array.from({ length: 16 }, (_, at) => {
          const [a, b] = [column(Math.floor(at / 4)), column(at % 4)];
          return a.reduce((sum, value, row) => sum + value * b[row], 0);
        });
        expect(Array.from(data)).toEqual(expected);
      },
    );
  },
);
