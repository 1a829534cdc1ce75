import { type Job, type Matrix, type StoredMatrix, type TokenId, throwIfAborted } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import type { FittedStates } from "./fit-states.ts";
import { floats } from "./linear-fits.ts";
import { BLOCK, multiplyRows } from "./multiply-rows.ts";

/** The basis rows of the head, and which of them a token needs. */
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
  readonly products: DenseProducts;
  readonly job?: Job;
}

/**
 * A head row v is multiplied with the states h′ of the new tokens instead of h ≈ M·h′. Since v·h ≈ (Mᵀv)·h′, each row becomes
 * Mᵀv. It is stored as the source row plus a difference, so that a plan shows the source.
 * @throws RevocabError `aborted`
 */
export async function correctedBasis(
  { unit, map, shares, pieces }: FittedStates,
  { firsts, matrix, products, job }: CorrectedBasisOptions,
): Promise<CorrectedBasis> {
  const { columns } = matrix;
  const changed = map === undefined ? [] : firsts;
  const tokens = [...shares.keys()].sort((a, b) => a - b);
  const correctionOf = new Map(changed.map((first, i) => [first, 1 + i] as const));
  const shareOf = new Map(tokens.map((token, i) => [token, 1 + changed.length + i] as const));
  const rows = 1 + changed.length + tokens.length;
  const basis: Matrix = { rows, columns, data: new Float32Array(rows * columns) };
  const by = map && floats(map);
  basis.data.set(await timesMap(Float32Array.from(unit), by, products));
  for (let start = 0; start < matrix.rows && changed.length > 0; start += BLOCK) {
    throwIfAborted(job?.abortSignal);
    const block = await readMatrix(matrix, start, Math.min(BLOCK, matrix.rows - start));
    const moved = await timesMap(corrected(block, start, pieces), by, products);
    for (let i = 0; i < block.rows; i++) {
      const row = correctionOf.get(start + i);
      if (row === undefined) continue;
      for (let j = 0; j < columns; j++) {
        basis.data[row * columns + j] = moved[i * columns + j] - block.data[i * columns + j];
      }
    }
    const done = start + block.rows;
    job?.onProgress?.({ type: "progress", step: "map head rows", done, total: matrix.rows, unit: "rows" });
  }
  const own = basis.data.subarray((1 + changed.length) * columns);
  for (const [i, token] of tokens.entries()) own.set(shares.get(token) as Float32Array, i * columns);
  const ownRows = { rows: tokens.length, columns, data: own };
  if (by !== undefined) await multiplyRows({ rows: ownRows, by, products, job, step: "map rows of tokens" });
  return { basis, correctionOf, shareOf };
}

/** The rows of a block, those of first pieces with their corrections added. */
function corrected(
  { data, columns }: Matrix,
  start: number,
  pieces: ReadonlyMap<TokenId, Float32Array>,
): Float32Array {
  const rows = data.slice();
  for (let at = 0; at < rows.length; at += columns) {
    const piece = pieces.get(start + at / columns);
    if (piece === undefined) continue;
    for (let j = 0; j < columns; j++) rows[at + j] += piece[j];
  }
  return rows;
}

/** [n × d] Mᵀv for each row v, which is vᵀ·M; without a map the rows themselves. */
async function timesMap(
  rows: Float32Array,
  map: Matrix | undefined,
  products: DenseProducts,
): Promise<Float32Array> {
  if (map === undefined || rows.length === 0) return rows;
  const left = { rows: rows.length / map.rows, columns: map.rows, data: rows };
  return (await products.multiply(left, map)).data;
}
