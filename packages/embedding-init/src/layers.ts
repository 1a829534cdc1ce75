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
import { methodsOf } from "./chains.ts";

/** One method of a chain, prepared to give rows of one table. */
type Layer = MixtureLayer | RowLayer;

interface MixtureLayer {
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

/** The methods of a chain for one table; each is prepared when it is first needed, so a fallback without rows to fill costs nothing. */
export interface LayerStack {
  /** The methods' names, in the order of the chain. */
  readonly names: readonly string[];
  /** The layer at a place of the chain. Layers must be opened in the order of the chain: it numbers the basis rows. */
  at(place: number): Promise<Layer>;
  /** X [x × d]: the first rows, then those of the layers opened so far. */
  basis(): Matrix;
}

/** @param firstRows basis rows that come before those of the methods */
export function stackLayers(
  context: InitContext,
  method: InitMethod,
  table: EmbeddingTable,
  firstRows: readonly Matrix[],
): LayerStack {
  const methods = methodsOf(method);
  const { columns } = table.matrix;
  const layers: Layer[] = [];
  const bases = [...firstRows];
  return {
    names: methods.map(({ name }) => name),
    async at(place) {
      const known = layers[place];
      if (known !== undefined) return known;
      const one = methods[place];
      const { name } = one;
      if (one.kind === "rows") {
        layers[place] = { kind: "rows", name, prepared: await prepareOnce(one, context) };
        return layers[place];
      }
      const prepared = await prepareOnce(one, context);
      const basisStart = bases.reduce((sum, { rows }) => sum + rows, 0);
      const basis = prepared.basis?.(table);
      if (basis !== undefined) {
        checkColumns(name, basis, columns);
        bases.push(basis);
      }
      layers[place] = { kind: "mixture", name, prepared, basisStart };
      return layers[place];
    },
    basis: () => stackRows(bases, columns),
  };
}

/** The matrices one below the other. */
function stackRows(matrices: readonly Matrix[], columns: number): Matrix {
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

/**
 * Prepares a method once per context, however many tables are planned with it: preparing may mean training or reading the
 * whole matrix, and what it returns is pure. A preparation that failed is not kept.
 */
function prepareOnce(method: MixtureMethod, context: InitContext): Promise<PreparedMixture>;
function prepareOnce(method: RowMethod, context: InitContext): Promise<PreparedRows>;
function prepareOnce(
  method: MixtureMethod | RowMethod,
  context: InitContext,
): Promise<PreparedMixture | PreparedRows> {
  const known = preparedIn.get(context) ?? new Map<object, Promise<PreparedMixture | PreparedRows>>();
  preparedIn.set(context, known);
  const prepared = known.get(method) ?? method.prepare(context);
  known.set(method, prepared);
  prepared.catch(() => known.delete(method));
  return prepared;
}

const preparedIn = new WeakMap<InitContext, Map<object, Promise<PreparedMixture | PreparedRows>>>();
