import { type Job, stages, type TokenId } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { type ContextualRows, contextualRows, type MainHead } from "./contextual-rows.ts";
import { stateMap, unitDirection, whitening } from "./linear-fits.ts";
import { multiplyRows } from "./multiply-rows.ts";
import type { ReadStates } from "./read-states.ts";
import type { Correction } from "./settings.ts";

/** Fits to the hidden states of a text, from which the head's rows are computed. */
export interface FittedStates extends ContextualRows {
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  /** M [d × d], from states of the new tokens to those of the source's tokens; undefined for the identity. */
  readonly map: Matrix64 | undefined;
}

export interface FitStatesOptions {
  readonly correction: Correction;
  /** The tokens that begin with each first piece. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁) */
  readonly shares: Float64Array;
  readonly mainHead: MainHead;
  readonly seed: number;
  readonly products: DenseProducts;
  readonly job?: Job;
}

/**
 * The fits that the correction needs.
 * @param read what the model read; its states are changed in place, for they are too many to be held twice
 * @throws RevocabError `aborted`
 */
export async function fitStates(
  read: ReadStates,
  { correction, shares, products, ...rest }: FitStatesOptions,
): Promise<FittedStates> {
  const { job } = rest;
  const parts = stages(job, { unit: 1, map: 1, whiten: 2, rows: correction === "contextual" ? 12 : 0 });
  const unit = await unitDirection(read.own, products, parts.unit);
  noteUnit(read, unit, job);
  const none = { unit, map: undefined, shares: new Map(), pieces: new Map() };
  if (correction === "none" || read.isSame || read.pairs.count === 0) return none;
  const map = await stateMap(read.pairs, products, parts.map);
  noteMap(read, map.data, job);
  if (correction === "map") return { ...none, map };
  const white = await whitening(read.pairs, map, products, parts.whiten);
  const states = { rows: read.tokens.length, columns: map.columns, data: read.states };
  const step = "whiten states";
  await multiplyRows({
    rows: states,
    by: white.states,
    transposeRight: true,
    products,
    job: parts.whiten,
    step,
  });
  const { tokens } = read;
  const fit = { ...rest, states, tokens, unit, whitening: white, products, job: parts.rows };
  return { unit, map, ...(await contextualRows({ ...fit, logShares: shares })) };
}

function noteUnit({ own }: ReadStates, unit: Float64Array, job?: Job): void {
  const { width, total, own: second, count } = own;
  let mean = 0;
  let square = 0;
  for (let i = 0; i < width; i++) {
    mean += (unit[i] * total[i]) / count;
    for (let j = 0; j < width; j++) square += (unit[i] * unit[j] * second[i * width + j]) / count;
  }
  const deviation = Math.sqrt(Math.max(0, square - mean ** 2));
  const message = `u·h is ${mean.toFixed(2)} ± ${deviation.toFixed(2)} over ${count} hidden states (1 ± 0 would be a bias)`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message, isDetail: true });
}

function noteMap({ pairs }: ReadStates, map: Float64Array, job?: Job): void {
  const { width, own, cross, squares } = pairs;
  let difference = squares;
  let explained = 0;
  for (let i = 0; i < width; i++) {
    difference += own[i * width + i] - 2 * cross[i * width + i];
    for (let j = 0; j < width; j++) explained += map[i * width + j] * cross[j * width + i];
  }
  const share = (value: number) => `${((100 * value) / squares).toFixed(0)} %`;
  const message = `hidden states of the new tokens are off by ${share(difference)} of their square, and by ${share(squares - explained)} after the map (${pairs.count} places)`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message, isDetail: true });
}
