import { type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { matrixOfBytes, multiplyTransposed } from "@revocab/matrix";
import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";

export interface Transposition {
  /** The left matrix is given as its transpose. @default false */
  readonly transposeLeft?: boolean;
  /** The right matrix is given as its transpose. @default false */
  readonly transposeRight?: boolean;
}

/** Products of dense matrices; the results are arrays of their own. */
export interface DenseProducts {
  readonly by: "onnxruntime" | "WebAssembly";
  multiply(left: Matrix, right: Matrix, transposition?: Transposition): Promise<Matrix>;
  release(): Promise<void>;
}

/** By the runtime's GEMM where onnxruntime-node is installed, else by our own kernel, on one thread. */
export async function openDenseProducts(threads: number): Promise<DenseProducts> {
  try {
    return await runtimeProducts(threads);
  } catch (error) {
    if (error instanceof RevocabError && error.code === "missing_dependency") return kernelProducts();
    throw error;
  }
}

async function runtimeProducts(threads: number): Promise<DenseProducts> {
  const opened = new Map<string, MatrixProduct>();
  const productFor = async ({ transposeLeft = false, transposeRight = false }: Transposition) => {
    const key = `${transposeLeft} ${transposeRight}`;
    const known = opened.get(key) ?? (await openMatrixProduct({ transposeLeft, transposeRight, threads }));
    opened.set(key, known);
    return known;
  };
  await productFor({});
  return {
    by: "onnxruntime",
    async multiply(left, right, transposition = {}) {
      return (await productFor(transposition)).multiply(left, right);
    },
    async release() {
      for (const product of opened.values()) await product.release();
    },
  };
}

/** The kernel multiplies by rows of the right matrix, so what is not transposed yet is turned first. */
export function kernelProducts(): DenseProducts {
  return {
    by: "WebAssembly",
    async multiply(left, right, { transposeLeft = false, transposeRight = false } = {}) {
      const rowsOfRight = transposeRight ? right : transposed(right);
      const rowsOfLeft = transposeLeft ? transposed(left) : left;
      const [rows, columns] = [rowsOfLeft.rows, rowsOfRight.rows];
      const data = new Float32Array(rows * columns);
      for (let from = 0; from < rows; from += LEFT_ROWS) {
        const count = Math.min(LEFT_ROWS, rows - from);
        const depth = rowsOfLeft.columns;
        await multiplyTransposed({
          left: {
            rows: count,
            columns: depth,
            data: rowsOfLeft.data.subarray(from * depth, (from + count) * depth),
          },
          right: storedAsIs(rowsOfRight),
          onBlock(start, block) {
            for (let row = 0; row < count; row++) {
              const part = block.data.subarray(row * block.columns, (row + 1) * block.columns);
              data.set(part, (from + row) * columns + start);
            }
          },
        });
      }
      return { rows, columns, data };
    },
    async release() {},
  };
}

/** By then reading the right matrix costs nothing beside the products. */
const LEFT_ROWS = 1024;

function storedAsIs({ rows, columns, data }: Matrix): StoredMatrix {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return matrixOfBytes({ rows, columns, dtype: "F32" }, bytes);
}

function transposed({ rows, columns, data }: Matrix): Matrix {
  const turned = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = data[row * columns + column];
  }
  return { rows: columns, columns: rows, data: turned };
}
