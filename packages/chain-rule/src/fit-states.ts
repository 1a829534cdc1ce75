import type { InitContext, RunnableModel, TokenId } from "@revocab/core";
import { openMatrixProduct } from "@revocab/onnx";
import { contextualShares } from "./contextual-shares.ts";
import { firstPieceCorrections, type MainHead } from "./first-piece-corrections.ts";
import { openFitProducts, releaseFitProducts } from "./fit-classes.ts";
import { inverseSecondMoment, stateMap, unitDirection } from "./linear-fits.ts";
import { type PairedReading, pairedReading } from "./paired-reading.ts";
import type { WeightedSources } from "./pieces.ts";
import { type ReadStates, readStates } from "./read-states.ts";
import type { Sample } from "./sample.ts";
import type { ChainRuleSettings } from "./settings.ts";

/** Fits to the hidden states of a text, from which the head's rows are computed. */
export interface FittedStates {
  readonly width: number;
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  /** M [d × d], from states of the new tokens to those of the source's tokens; undefined for the identity. */
  readonly map: Float64Array | undefined;
  /** δ_t [d], for mapped states. */
  readonly shares: ReadonlyMap<TokenId, Float64Array>;
  /** δ [d] of first pieces, for mapped states. */
  readonly pieces: ReadonlyMap<TokenId, Float64Array>;
}

export interface FitStatesOptions extends Pick<ChainRuleSettings, "correction" | "states" | "prior"> {
  readonly context: InitContext;
  readonly model: RunnableModel;
  readonly sample: Sample;
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁) */
  readonly shares: Float64Array;
  /** The input row of a target token. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
  readonly mainHead: MainHead;
  readonly threads: number;
}

/** Runs the model over the sample, and computes the fits that the correction needs. */
export async function fitStates(options: FitStatesOptions): Promise<FittedStates> {
  const { context, model, correction, groups, shares, prior, inputOf, threads } = options;
  const { width } = model;
  const readings = await readPassages(options);
  const read = await readStates({ context, model, readings, inputOf, threads });
  const unit = unitDirection(read.own);
  noteUnit(context, read, unit);
  const none = { width, unit, map: undefined, shares: new Map(), pieces: new Map() };
  if (correction === "none" || read.isSame || read.pairs.count === 0) return none;
  const map = stateMap(read.pairs);
  noteMap(context, read, map);
  if (correction === "map") return { ...none, map };
  const states = await mapped(read.states, map, width, threads);
  const products = await openFitProducts(threads);
  const fit = {
    width,
    states: Float64Array.from(states),
    tokens: read.tokens,
    groups,
    inverse: await inverseSecondMoment(states, width, threads),
    products,
    job: context.job,
  };
  try {
    return {
      width,
      unit,
      map,
      pieces: await firstPieceCorrections({
        ...fit,
        mainHead: options.mainHead,
        onPlaces(done, total) {
          context.job?.onProgress?.({
            type: "progress",
            step: "fit first pieces",
            done,
            total,
            unit: "tokens",
          });
        },
        onNote(message) {
          context.job?.onProgress?.({ type: "note", step: "chain-rule", message, isDetail: true });
        },
      }),
      shares: await contextualShares({
        ...fit,
        prior,
        logShares: shares,
        unit,
        onGroup(done) {
          const total = groups.size;
          context.job?.onProgress?.({ type: "progress", step: "fit shares", done, total, unit: "tokens" });
        },
      }),
    };
  } finally {
    await releaseFitProducts(products);
  }
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

/** [n × d] states, each times M. */
async function mapped(
  states: Float32Array,
  map: Float64Array,
  width: number,
  threads: number,
): Promise<Float32Array> {
  if (states.length === 0) return states;
  const product = await openMatrixProduct({ transposeRight: true, threads });
  const left = { rows: states.length / width, columns: width, data: states };
  const { data } = await product.multiply(left, {
    rows: width,
    columns: width,
    data: Float32Array.from(map),
  });
  await product.release();
  return data;
}
