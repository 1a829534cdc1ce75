import type { Matrix, StoredMatrix, TokenId } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import { type MatrixProduct, openMatrixProduct } from "@revocab/onnx";
import type { FittedStates } from "./fit-states.ts";

/** The rows a head needs beside its own, and where they lie among them. */
export interface CorrectedBasis {
  /** [x × d]: Mᵀu, then for each first piece Mᵀ(row + δ) − row, then for each token with a share of its own Mᵀδ. */
  readonly basis: Matrix;
  readonly correctionOf: ReadonlyMap<TokenId, number>;
  readonly shareOf: ReadonlyMap<TokenId, number>;
}

export interface CorrectedBasisOptions {
  /** The first pieces, ascending. */
  readonly firsts: readonly TokenId[];
  /** [V_s × d] the head's table; read once, in blocks. */
  readonly matrix: StoredMatrix;
  readonly threads: number;
}

/**
 * A head row v meets states h′ of the new reading in place of h ≈ M·h′, so that v·h ≈ (Mᵀv)·h′: each row is turned by Mᵀ.
 * Written as the source row and what is added to it, so that a plan shows the source.
 */
export async function correctedBasis(
  { width, unit, map, shares, pieces }: FittedStates,
  { firsts, matrix, threads }: CorrectedBasisOptions,
): Promise<CorrectedBasis> {
  const changed = map === undefined ? [] : firsts;
  const tokens = [...shares.keys()].sort((a, b) => a - b);
  const correctionOf = new Map(changed.map((first, i) => [first, 1 + i] as const));
  const shareOf = new Map(tokens.map((token, i) => [token, 1 + changed.length + i] as const));
  const rows = 1 + changed.length + tokens.length;
  const basis: Matrix = { rows, columns: width, data: new Float32Array(rows * width) };
  const product = await openMatrixProduct({ threads });
  try {
    basis.data.set(await turned(Float64Array.from(unit), map, width, product));
    for (const [token, row] of shareOf) {
      basis.data.set(shares.get(token) as Float64Array, row * width);
    }
    const own = basis.data.subarray((1 + changed.length) * width);
    own.set(await turned(own, map, width, product));
    for (let start = 0; start < matrix.rows && changed.length > 0; start += BLOCK) {
      const block = await readMatrix(matrix, start, Math.min(BLOCK, matrix.rows - start));
      const moved = await turned(corrected(block, start, pieces), map, width, product);
      for (let i = 0; i < block.rows; i++) {
        const row = correctionOf.get(start + i);
        if (row === undefined) continue;
        for (let j = 0; j < width; j++) {
          basis.data[row * width + j] = moved[i * width + j] - block.data[i * width + j];
        }
      }
    }
  } finally {
    await product.release();
  }
  return { basis, correctionOf, shareOf };
}

/** The rows of a block, with what is added to first pieces. */
function corrected(
  { data, columns }: Matrix,
  start: number,
  pieces: ReadonlyMap<TokenId, Float64Array>,
): Float32Array {
  const rows = data.slice();
  for (let at = 0; at < rows.length; at++) {
    const piece = pieces.get(start + Math.floor(at / columns));
    if (piece !== undefined) rows[at] += piece[at % columns];
  }
  return rows;
}

/** Rows turned at a time. */
const BLOCK = 4096;

/** [n × d] each row v as Mᵀv, which is vᵀ·M. */
async function turned<Data extends Float32Array | Float64Array>(
  rows: Data,
  map: Float64Array | undefined,
  width: number,
  product: MatrixProduct,
): Promise<Data> {
  if (map === undefined || rows.length === 0) return rows;
  const right = {
    rows: width,
    columns: width,
    data: rows instanceof Float64Array ? map : Float32Array.from(map),
  };
  const left = { rows: rows.length / width, columns: width, data: rows };
  return (await product.multiply<Float32Array | Float64Array>(left, right)).data as Data;
}
