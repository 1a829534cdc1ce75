import type { Matrix } from "@revocab/core";
import type { DenseProducts } from "@revocab/onnx";
import {
  type LearnedMixture,
  type MixedRows,
  type MixtureGradients,
  mixRows,
  mixtureGradients,
} from "./learned-mixture.ts";
import type { Cw2vModel, PairSide } from "./model.ts";
import type { Cw2vLoss } from "./settings.ts";
import { type PairBatch, skipGramStep } from "./skip-gram-step.ts";

export interface BatchLossOptions {
  readonly model: Cw2vModel;
  /** By numbers of participants. */
  readonly pairs: PairBatch;
  readonly loss: Cw2vLoss;
  readonly products: DenseProducts;
  /** Bytes of weights to keep from the forward pass for the backward pass. */
  readonly keepBytes: number;
}

/** The gradients of one mixture; rows of A₁ that are not touched have the gradient 0. */
export interface TouchedGradients extends MixtureGradients {
  readonly mixture: LearnedMixture;
  /** Rows of A₁, ascending. */
  readonly touched: Uint32Array;
}

/** The mean loss over some pairs, and the gradients of every mixture in the model's order. */
export async function batchLoss(
  options: BatchLossOptions,
): Promise<{ readonly loss: number; readonly gradients: readonly TouchedGradients[] }> {
  const { pairs, products } = options;
  const { centers, contexts, mixed, local } = await lookUp(options);
  const slopes = { centers: zerosLike(centers.rows), contexts: zerosLike(contexts.rows) };
  const loss = skipGramStep({
    pairs: local(pairs),
    loss: options.loss,
    centerRows: centers.rows,
    contextRows: contexts.rows,
    gradients: { centers: slopes.centers.data, contexts: slopes.contexts.data },
  });
  const gradients: TouchedGradients[] = [];
  for (const part of mixed) {
    const rowGradients = part.rows.map(zerosLike);
    scatter(part, centers, slopes.centers, rowGradients);
    scatter(part, contexts, slopes.contexts, rowGradients);
    const own = await mixtureGradients(part.mixture, part.touched, part, rowGradients, products);
    gradients.push({ ...own, mixture: part.mixture, touched: part.touched });
  }
  return { loss, gradients };
}

/** The mean loss alone. */
export async function lossOf(options: Omit<BatchLossOptions, "keepBytes">): Promise<number> {
  const { centers, contexts, local } = await lookUp({ ...options, keepBytes: 0 });
  return skipGramStep({
    pairs: local(options.pairs),
    loss: options.loss,
    centerRows: centers.rows,
    contextRows: contexts.rows,
  });
}

/** The rows of one side of all pairs, one for each token. */
interface SideRows {
  readonly side: PairSide;
  /** [rows] the row of A₁ of a new token, or −1. */
  readonly newRows: Int32Array;
  readonly rows: Matrix;
}

interface MixedPart extends MixedRows {
  readonly mixture: LearnedMixture;
  readonly touched: Uint32Array;
  /** [n] the place of a row of A₁ in `touched`, or −1. */
  readonly placeOf: Int32Array;
}

async function lookUp({ model, pairs, products, keepBytes }: Omit<BatchLossOptions, "loss">) {
  const { participants, center, context } = model;
  const ofCenters = numberRows([pairs.centers], participants.tokens.length);
  const ofContexts = numberRows([pairs.contexts, pairs.negatives], participants.tokens.length);
  const mixed: MixedPart[] = [];
  let left = keepBytes;
  for (const mixture of model.mixtures) {
    const sides = [
      ...(center.mixture === mixture ? [ofCenters.participants] : []),
      ...(context.mixture === mixture ? [ofContexts.participants] : []),
    ];
    const { touched, placeOf } = touchedRows(mixture.a1.rows, participants.newRows, sides);
    const rows = await mixRows(mixture, touched, products, left);
    left -= rows.kept.reduce((sum, { data }) => sum + data.byteLength, 0);
    mixed.push({ ...rows, mixture, touched, placeOf });
  }
  const local = ({ centers, contexts, negatives }: PairBatch): PairBatch => ({
    centers: centers.map((one) => ofCenters.rowOf[one]),
    contexts: contexts.map((one) => ofContexts.rowOf[one]),
    negatives: negatives.map((one) => ofContexts.rowOf[one]),
  });
  return {
    centers: sideRows(model, center, ofCenters.participants, mixed),
    contexts: sideRows(model, context, ofContexts.participants, mixed),
    mixed,
    local,
  };
}

/** Each participant once, in order of appearance. */
function numberRows(lists: readonly Uint32Array[], count: number) {
  const rowOf = new Int32Array(count).fill(-1);
  const participants: number[] = [];
  for (const list of lists) {
    for (const one of list) {
      if (rowOf[one] >= 0) continue;
      rowOf[one] = participants.length;
      participants.push(one);
    }
  }
  return { rowOf, participants };
}

function touchedRows(count: number, newRows: Int32Array, sides: readonly (readonly number[])[]) {
  const isTouched = new Uint8Array(count);
  for (const side of sides) for (const one of side) if (newRows[one] >= 0) isTouched[newRows[one]] = 1;
  const touched = Uint32Array.from(isTouched.keys()).filter((row) => isTouched[row] === 1);
  const placeOf = new Int32Array(count).fill(-1);
  touched.forEach((row, place) => {
    placeOf[row] = place;
  });
  return { touched, placeOf };
}

function sideRows(
  { participants }: Cw2vModel,
  side: PairSide,
  chosen: readonly number[],
  mixed: readonly MixedPart[],
): SideRows {
  const table = side.mixture.tables[side.table];
  const { columns } = table;
  const data = new Float32Array(chosen.length * columns);
  const newRows = Int32Array.from(chosen, (one) => participants.newRows[one]);
  const part = partOf(mixed, side);
  const newRowsData = part.rows[side.table].data;
  chosen.forEach((one, row) => {
    const newRow = newRows[row];
    if (newRow < 0) table.copyRow(participants.sources[one], data, row * columns);
    else {
      const from = part.placeOf[newRow] * columns;
      data.set(newRowsData.subarray(from, from + columns), row * columns);
    }
  });
  return { side, newRows, rows: { rows: chosen.length, columns, data } };
}

/** Adds the gradients of one side's rows to those of the mixed rows that they come from. */
function scatter(
  part: MixedPart,
  { side, newRows }: SideRows,
  slopes: Matrix,
  into: readonly Matrix[],
): void {
  if (side.mixture !== part.mixture) return;
  const { data } = into[side.table];
  const { columns } = slopes;
  newRows.forEach((newRow, row) => {
    if (newRow < 0) return;
    const to = part.placeOf[newRow] * columns;
    for (let j = 0; j < columns; j++) data[to + j] += slopes.data[row * columns + j];
  });
}

function partOf(mixed: readonly MixedPart[], { mixture }: PairSide): MixedPart {
  return mixed.find((part) => part.mixture === mixture) as MixedPart;
}

function zerosLike({ rows, columns }: Matrix): Matrix {
  return { rows, columns, data: new Float32Array(rows * columns) };
}
