import type { Matrix, TokenId } from "@revocab/core";
import type { FittedStates } from "./fit-states.ts";

/** The rows a head needs beside its own, and where they lie among them. */
export interface CorrectedBasis {
  /** [x × d]: Mᵀu, then for each first piece (Mᵀ − I)·row, then for each token with a share of its own Mᵀδ. */
  readonly basis: Matrix;
  readonly correctionOf: ReadonlyMap<TokenId, number>;
  readonly shareOf: ReadonlyMap<TokenId, number>;
}

/**
 * A head row v meets states h′ of the new reading in place of h ≈ M·h′, so that v·h ≈ (Mᵀv)·h′: each row is turned by Mᵀ.
 * Written as the source row and what is added to it, so that a plan shows the source.
 * @param firsts first pieces, with `rows` [firsts × d] of the table in their order
 */
export function correctedBasis(
  { width, unit, map, shares }: FittedStates,
  { firsts, rows }: { readonly firsts: readonly TokenId[]; readonly rows: Matrix | undefined },
): CorrectedBasis {
  const corrected = rows === undefined ? [] : firsts;
  const tokens = [...shares.keys()].sort((a, b) => a - b);
  const basis: Matrix = {
    rows: 1 + corrected.length + tokens.length,
    columns: width,
    data: new Float32Array((1 + corrected.length + tokens.length) * width),
  };
  const write = (at: number, row: ArrayLike<number>, less?: ArrayLike<number>) => {
    const turned = map === undefined ? row : timesMap(row, map, width);
    for (let j = 0; j < width; j++) basis.data[at * width + j] = turned[j] - (less?.[j] ?? 0);
  };
  write(0, unit);
  const correctionOf = new Map<TokenId, number>();
  corrected.forEach((first, i) => {
    const row = (rows as Matrix).data.subarray(i * width, (i + 1) * width);
    write(1 + i, row, row);
    correctionOf.set(first, 1 + i);
  });
  const shareOf = new Map<TokenId, number>();
  tokens.forEach((token, i) => {
    write(1 + corrected.length + i, shares.get(token) as Float64Array);
    shareOf.set(token, 1 + corrected.length + i);
  });
  return { basis, correctionOf, shareOf };
}

/** rowᵀ · M [d] */
function timesMap(row: ArrayLike<number>, map: Float64Array, width: number): Float64Array {
  const result = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const value = row[i];
    for (let j = 0; j < width; j++) result[j] += value * map[i * width + j];
  }
  return result;
}
