import {
  type EmbeddingTable,
  type InitContext,
  type InitMethod,
  type Matrix,
  type Mixture,
  type MixtureMethod,
  type PreparedMixture,
  type PreparedRows,
  RevocabError,
  type RowMethod,
} from "@revocab/core";
import { methodsOf } from "./chains.ts";

/** The row of a token, from the first method that has one; `layer` is the method's place in the chain. */
export type ChosenRow =
  | {
      readonly kind: "weights";
      readonly layer: number;
      /** The weights are row `row` of this mixture, over the V_s source rows and the basis rows of the plan. */
      readonly mixture: Mixture;
      readonly row: number;
    }
  | { readonly kind: "dense"; readonly layer: number; readonly by: RowLayer };

/** Tries the layers in order, each for the tokens that those before it left empty; `undefined`: no method has a row. */
export async function chooseRows(
  stack: LayerStack,
  table: EmbeddingTable,
  tokens: Uint32Array,
): Promise<readonly (ChosenRow | undefined)[]> {
  const chosen: (ChosenRow | undefined)[] = new Array(tokens.length).fill(undefined);
  let open = Array.from(tokens.keys());
  for (const layer of stack.names.keys()) {
    if (open.length === 0) break;
    const one = await stack.at(layer);
    if (one.kind === "rows") {
      for (const i of open) {
        if (one.prepared.covers?.(tokens[i], table) ?? true) chosen[i] = { kind: "dense", layer, by: one };
      }
    } else {
      const own = one.prepared.mixture(
        Uint32Array.from(open, (i) => tokens[i]),
        table,
      );
      checkRows(one.name, own.offsets.length - 1, open.length);
      const mixture = shiftBasis(own, table.matrix.rows, one.basisStart);
      open.forEach((i, row) => {
        const isEmpty = mixture.offsets[row] === mixture.offsets[row + 1];
        if (!isEmpty) chosen[i] = { kind: "weights", layer, mixture, row };
      });
    }
    open = open.filter((i) => chosen[i] === undefined);
  }
  return chosen;
}

function checkRows(name: string, found: number, tokens: number): void {
  if (found === tokens) return;
  throw new RevocabError("shape_mismatch", `${name} gave ${found} rows for ${tokens} tokens`);
}

/** A method numbers its basis rows from V_s on; in the plan those of earlier methods come first. */
function shiftBasis(mixture: Mixture, sourceRows: number, basisStart: number): Mixture {
  if (basisStart === 0) return mixture;
  return {
    ...mixture,
    sources: mixture.sources.map((source) => (source >= sourceRows ? source + basisStart : source)),
  };
}

/** A dense row: its place in the plan, its token, and its method. */
export interface DenseRow {
  readonly row: number;
  readonly token: number;
  readonly layer: RowLayer;
}

/** Dense rows of a table → [wanted × d], each computed by its method. */
export async function computeRows(table: EmbeddingTable, wanted: readonly DenseRow[]): Promise<Matrix> {
  const { columns } = table.matrix;
  const data = new Float32Array(wanted.length * columns);
  for (const layer of new Set(wanted.map(({ layer }) => layer))) {
    const places = wanted.flatMap((one, i) => (one.layer === layer ? [i] : []));
    const tokens = Uint32Array.from(places, (i) => wanted[i].token);
    const rows = await layer.prepared.rows(tokens, table);
    checkColumns(layer.name, rows, columns);
    checkRows(layer.name, rows.rows, tokens.length);
    places.forEach((place, i) => {
      data.set(rows.data.subarray(i * columns, (i + 1) * columns), place * columns);
    });
  }
  return { rows: wanted.length, columns, data };
}

/** One method of a chain, prepared for one table. */
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

/** The methods of a chain for one table; each is prepared when it is first needed, so that a fallback without rows to fill costs nothing. */
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

/** Stacks matrices vertically. */
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
