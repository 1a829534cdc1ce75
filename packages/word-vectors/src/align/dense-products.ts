import { RevocabError } from "@revocab/core";
import { openMatrixProduct } from "@revocab/onnx";
import { transposed } from "./transposed.ts";
import { gramMatrix, type Matrix64, transposedProduct } from "./transposed-product.ts";

/** The two products of a Newton–Schulz round. */
export interface DenseProducts {
  /** Aᵀ · A */
  gram(matrix: Matrix64): Matrix64 | Promise<Matrix64>;
  /** A · B */
  multiply(left: Matrix64, right: Matrix64): Matrix64 | Promise<Matrix64>;
  release(): Promise<void>;
}

/** In TypeScript, about 3 GF/s. */
export const PLAIN_PRODUCTS: DenseProducts = {
  gram: gramMatrix,
  multiply: (left, right) => transposedProduct(transposed(left), right),
  release: async () => {},
};

/** By the GEMM of onnxruntime where it is installed (about 50 GF/s a core in f64), else {@link PLAIN_PRODUCTS}. */
export async function openDenseProducts(): Promise<DenseProducts> {
  try {
    const plain = await openMatrixProduct();
    const transposing = await openMatrixProduct({ transposeLeft: true });
    return {
      gram: (matrix) => transposing.multiply(matrix, matrix),
      multiply: (left, right) => plain.multiply(left, right),
      async release() {
        await plain.release();
        await transposing.release();
      },
    };
  } catch (error) {
    if (error instanceof RevocabError && error.code === "missing_dependency") return PLAIN_PRODUCTS;
    throw error;
  }
}
