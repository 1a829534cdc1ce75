import {
  type EmbeddingTable,
  type InitContext,
  type InitMethod,
  type Matrix,
  type MixtureMethod,
  type PreparedMixture,
  type PreparedRows,
  RevocabError,
  type RowMethod,
} from "@revocab/core";
import { prepareOnce } from "./prepare-once.ts";

/** One method of a chain, ready to be asked for rows of one table. */
export type Layer = MixtureLayer | RowLayer;

export interface MixtureLayer {
  readonly kind: "mixture";
  readonly name: string;
  readonly prepared: PreparedMixture;
  /** Where the method's basis rows lie among those of the plan. */
  readonly basisStart: number;
}

export interface RowLayer {
  readonly kind: "rows";
  readonly name: string;
  readonly prepared: PreparedRows;
}

/** Prepares each method of a chain for a table, and lays their basis rows one below the other, X [x × d]. */
export async function prepareLayers(
  context: InitContext,
  method: InitMethod,
  table: EmbeddingTable,
): Promise<{ layers: readonly Layer[]; basis: Matrix }> {
  const layers: Layer[] = [];
  const { columns } = table.matrix;
  const bases: Matrix[] = [];
  let basisStart = 0;
  for (const one of methodsOf(method)) {
    if (one.kind === "rows") {
      layers.push({ kind: "rows", name: one.name, prepared: await prepareOnce(one, context) });
      continue;
    }
    const prepared = await prepareOnce(one, context);
    layers.push({ kind: "mixture", name: one.name, prepared, basisStart });
    const basis = prepared.basis?.(table);
    if (basis === undefined) continue;
    checkColumns(one.name, basis, columns);
    bases.push(basis);
    basisStart += basis.rows;
  }
  return { layers, basis: stackRows(bases, columns) };
}

/** The matrices one below the other. */
export function stackRows(matrices: readonly Matrix[], columns: number): Matrix {
  const rows = matrices.reduce((sum, matrix) => sum + matrix.rows, 0);
  const data = new Float32Array(rows * columns);
  let start = 0;
  for (const matrix of matrices) {
    data.set(matrix.data, start);
    start += matrix.data.length;
  }
  return { rows, columns, data };
}

/** @throws RevocabError shape_mismatch, naming the method */
export function checkColumns(name: string, matrix: Matrix, columns: number): void {
  if (matrix.columns === columns && matrix.data.length === matrix.rows * columns) return;
  throw new RevocabError(
    "shape_mismatch",
    `${name} gave rows of ${matrix.columns} columns for a table of ${columns}`,
  );
}

function methodsOf(method: InitMethod): readonly (MixtureMethod | RowMethod)[] {
  return method.kind === "chain" ? method.methods : [method];
}
