import { availableParallelism } from "node:os";
import {
  type DenseMatrix,
  gramMatrix,
  type Matrix64,
  multiplyTransposed,
  storedView,
  transposed,
  transposedProduct,
} from "@revocab/matrix";
import { GraphBuilder } from "./graph.ts";
import { hasOnnxRuntime, loadOnnxRuntime } from "./load-onnxruntime.ts";
import type { OnnxSession, OnnxTensor } from "./onnx-runtime.ts";
import { openSession } from "./open-session.ts";

export interface Transposition {
  /** The left matrix is given as its transpose, [k × m]. @default false */
  readonly transposeLeft?: boolean;
  /** The right matrix is given as its transpose, [n × k]. @default false */
  readonly transposeRight?: boolean;
}

/** Products of dense matrices; the results are arrays of their own. */
export interface DenseProducts {
  readonly by: "onnxruntime" | "WebAssembly";
  /** A [m × k] · B [k × n] → [m × n], in the type of the arguments. Callers check that the widths agree. */
  multiply<Data extends Float32Array | Float64Array>(
    left: DenseMatrix<Data>,
    right: DenseMatrix<Data>,
    transposition?: Transposition,
  ): Promise<DenseMatrix<Data>>;
  release(): Promise<void>;
}

/**
 * By the GEMM of onnxruntime where onnxruntime-node is installed, else by our own kernels, on one thread.
 * @param threads of the runtime @default all cores
 * @param shares whether other threads compute between two products: those of the runtime sleep then @default false
 */
export async function openDenseProducts(threads?: number, shares = false): Promise<DenseProducts> {
  return (await hasOnnxRuntime()) ? runtimeProducts(threads, shares) : kernelProducts();
}

function runtimeProducts(threads: number | undefined, shares: boolean): DenseProducts {
  const opened = new Map<string, Promise<MatrixProduct>>();
  const productFor = ({ transposeLeft = false, transposeRight = false }: Transposition) => {
    const key = `${transposeLeft} ${transposeRight}`;
    const options = { transposeLeft, transposeRight, threads, shares };
    const product = opened.get(key) ?? openMatrixProduct(options);
    opened.set(key, product);
    return product;
  };
  return {
    by: "onnxruntime",
    async multiply(left, right, transposition = {}) {
      return (await productFor(transposition)).multiply(left, right);
    },
    async release() {
      for (const product of opened.values()) await (await product).release();
    },
  };
}

/** Floats by the WebAssembly kernel, doubles in TypeScript: about 30 and 3 GF/s. */
export function kernelProducts(): DenseProducts {
  return {
    by: "WebAssembly",
    async multiply<Data extends Float32Array | Float64Array>(
      left: DenseMatrix<Data>,
      right: DenseMatrix<Data>,
      transposition: Transposition = {},
    ) {
      const product = isOfFloats(left)
        ? await floatProduct(left, right as DenseMatrix<Float32Array>, transposition)
        : doubleProduct(left as Matrix64, right as Matrix64, transposition);
      return product as DenseMatrix<Data>;
    },
    async release() {},
  };
}

function isOfFloats(matrix: DenseMatrix<Float32Array | Float64Array>): matrix is DenseMatrix<Float32Array> {
  return matrix.data instanceof Float32Array;
}

/** The kernel multiplies by rows of the right matrix, so what is not transposed yet is turned first. */
async function floatProduct(
  left: DenseMatrix<Float32Array>,
  right: DenseMatrix<Float32Array>,
  { transposeLeft = false, transposeRight = false }: Transposition,
): Promise<DenseMatrix<Float32Array>> {
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
      right: storedView(rowsOfRight),
      onBlock(start, block) {
        for (let row = 0; row < count; row++) {
          const part = block.data.subarray(row * block.columns, (row + 1) * block.columns);
          data.set(part, (from + row) * columns + start);
        }
      },
    });
  }
  return { rows, columns, data };
}

/** By then reading the right matrix costs nothing beside the products. */
const LEFT_ROWS = 1024;

function doubleProduct(
  left: Matrix64,
  right: Matrix64,
  { transposeLeft = false, transposeRight = false }: Transposition,
): Matrix64 {
  if (transposeLeft && !transposeRight && left === right) return gramMatrix(left);
  return transposedProduct(
    transposeLeft ? left : transposed(left),
    transposeRight ? transposed(right) : right,
  );
}

export interface MatrixProductOptions extends Transposition {
  /** @default all cores */
  readonly threads?: number;
  /** Whether other threads compute between two products: those of the runtime sleep then. @default false */
  readonly shares?: boolean;
}

export interface MatrixProduct {
  /** A [m × k] · B [k × n] → [m × n], in the type of the arguments. Callers check that the widths agree. */
  multiply<Data extends Float32Array | Float64Array>(
    left: DenseMatrix<Data>,
    right: DenseMatrix<Data>,
  ): Promise<DenseMatrix<Data>>;
  release(): Promise<void>;
}

/**
 * Products of dense matrices by the runtime's GEMM: about 70 GF/s a core in floats, where WebAssembly reaches 30.
 * @throws RevocabError missing_dependency
 */
export async function openMatrixProduct({
  transposeLeft = false,
  transposeRight = false,
  threads = availableParallelism(),
  shares = false,
}: MatrixProductOptions = {}): Promise<MatrixProduct> {
  const { Tensor } = await loadOnnxRuntime();
  const sessions = new Map<"float" | "double", Promise<OnnxSession>>();
  const sessionFor = (type: "float" | "double") => {
    const known = sessions.get(type) ?? openGemm(type, { transposeLeft, transposeRight, threads, shares });
    sessions.set(type, known);
    return known;
  };
  return {
    async multiply(left, right) {
      const isDouble = left.data instanceof Float64Array;
      const session = await sessionFor(isDouble ? "double" : "float");
      const tensor = ({ rows, columns, data }: DenseMatrix<Float32Array | Float64Array>): OnnxTensor =>
        new Tensor(isDouble ? "float64" : "float32", data, [rows, columns]);
      const { product } = await session.run({ left: tensor(left), right: tensor(right) });
      const [rows, columns] = product.dims;
      return { rows, columns, data: product.data as typeof left.data };
    },
    async release() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

async function openGemm(
  type: "float" | "double",
  { transposeLeft, transposeRight, ...options }: Required<MatrixProductOptions>,
): Promise<OnnxSession> {
  const graph = new GraphBuilder();
  const left = graph.input("left", type, ["m", "k"]);
  const right = graph.input("right", type, ["k2", "n"]);
  const product = graph.add("Gemm", [left, right], {
    transA: { int: Number(transposeLeft) },
    transB: { int: Number(transposeRight) },
  });
  graph.output("product", type, ["a", "b"], product);
  return openSession(graph, { directory: ".", ...options });
}
