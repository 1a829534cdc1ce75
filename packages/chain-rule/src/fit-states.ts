import type { InitContext, Matrix, RunnableModel, TokenId } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { type ContextualRows, contextualRows, type MainHead } from "./contextual-rows.ts";
import { stateMap, unitDirection, whitening } from "./linear-fits.ts";
import { type PairedReading, pairedReading } from "./paired-reading.ts";
import type { WeightedSources } from "./pieces.ts";
import { type ReadStates, readStates } from "./read-states.ts";
import type { Sample } from "./sample.ts";
import type { ChainRuleSettings } from "./settings.ts";

/** Fits to the hidden states of a text, from which the head's rows are computed. */
export interface FittedStates extends ContextualRows {
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  /** M [d × d], from states of the new tokens to those of the source's tokens; undefined for the identity. */
  readonly map: Matrix64 | undefined;
}

export interface FitStatesOptions extends Pick<ChainRuleSettings, "correction" | "states"> {
  readonly context: InitContext;
  readonly model: RunnableModel;
  readonly sample: Sample;
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁) */
  readonly shares: Float64Array;
  /** The input row of a target token. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
  readonly mainHead: MainHead;
  readonly products: DenseProducts;
  readonly threads: number;
}

/** Runs the model over the sample, and computes the fits that the correction needs. */
export async function fitStates(options: FitStatesOptions): Promise<FittedStates> {
  const { context, model, correction, groups, shares, inputOf, mainHead, products, threads } = options;
  const readings = await readPassages(options);
  const read = await readStates({ context, model, readings, inputOf, threads });
  const unit = await unitDirection(read.own, products);
  noteUnit(context, read, unit);
  const none = { unit, map: undefined, shares: new Map(), pieces: new Map() };
  if (correction === "none" || read.isSame || read.pairs.count === 0) return none;
  const map = await stateMap(read.pairs, products);
  noteMap(context, read, map.data);
  if (correction === "map") return { ...none, map };
  const white = await whitening(read.pairs, map, products);
  const states = { rows: read.tokens.length, columns: model.width, data: read.states };
  await transform(states, white.states, products);
  const { tokens } = read;
  const { seed, job } = context;
  const fit = { states, tokens, groups, unit, mainHead, whitening: white, seed, products, job };
  return { unit, map, ...(await contextualRows({ ...fit, logShares: shares })) };
}

async function readPassages({ context, model, sample, states }: FitStatesOptions): Promise<PairedReading[]> {
  const { vocabulary, encode } = context.target;
  const target = { vocabulary, encode: encode ?? (async () => new Uint32Array(0)) };
  const read = (passage: string) => pairedReading(passage, model, target, model.contextLength);
  const readings: PairedReading[] = [];
  let tokens = 0;
  for (const passage of sample.text) {
    if (tokens >= states) break;
    const reading = await read(passage);
    readings.push(reading);
    tokens += reading.source.length;
  }
  for (const passage of sample.whole) readings.push(await read(passage));
  return readings;
}

function noteUnit({ job }: InitContext, { own }: ReadStates, unit: Float64Array): void {
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

function noteMap({ job }: InitContext, { pairs }: ReadStates, map: Float64Array): void {
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

/** Each state [d] becomes A·state, in place: they are too many to be held twice. */
async function transform({ columns, data }: Matrix, by: Matrix, products: DenseProducts): Promise<void> {
  const size = BLOCK * columns;
  for (let start = 0; start < data.length; start += size) {
    const block = data.subarray(start, start + size);
    const left = { rows: block.length / columns, columns, data: block };
    block.set((await products.multiply(left, by, { transposeRight: true })).data);
  }
}

/** States multiplied at a time. */
const BLOCK = 4096;
