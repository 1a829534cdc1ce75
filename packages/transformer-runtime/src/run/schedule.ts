import { freemem } from "node:os";
import { type ComputeDtype, RevocabError } from "@revocab/core";
import {
  type DenseDescription,
  type FeedForwardDescription,
  inputWidth,
  outputWidth,
  type TransformerDescription,
} from "../description.ts";
import { scoreArrays } from "../graph/attention.ts";
import type { PartTensor } from "../weights.ts";
import { sizeOf } from "./part-weights.ts";

/** How the layers are run, and what they may take. */
export interface Schedule {
  /** `whole`: all weights stay in memory. `layer by layer`: those of one part at a time. */
  readonly kind: "whole" | "layer by layer";
  /** Why: how much memory there is, and how much the whole model needs. */
  readonly reason: string;
  /** Positions that run at a time. It does not depend on the memory, so that the results do not. */
  readonly batchTokens: number;
  /** Bytes that states between parts may take in memory; beyond them they go to a file. */
  readonly stateRoom: number;
  /** Bytes that a model that is whole takes in all. */
  readonly wholeBytes: number;
  /** The bound on the memory of the process, in bytes. */
  readonly memory: number;
}

export interface ScheduleOptions {
  readonly description: TransformerDescription;
  /** The tensors of each part. */
  readonly parts: readonly (readonly PartTensor[])[];
  /** Those of an encoder, which are in memory one part at a time, before the others. */
  readonly encoderParts?: readonly (readonly PartTensor[])[];
  /** What weights are multiplied in, and held in for that. */
  readonly dtype: ComputeDtype;
  /** Rows of the head's table. */
  readonly vocabulary: number;
  /** Bound on the memory of the process in bytes. @default what it has, and half of what is free */
  readonly memory?: number;
  /** Even where the model would fit whole. */
  readonly layerByLayer: boolean;
  /** The longest that the attention scores of a layer may get, in bytes. */
  readonly attentionBytes: number;
}

/** Multiply-adds of a part and a batch: a second or two on two cores, so that progress is seen and a signal heard. */
const WORK_AT_ONCE = 60e9;
/** Matrix products gain nothing from more rows than this at once, and memory grows with them. */
const MOST_TOKENS = 2048;
/** With fewer rows they lose speed. */
const FEWEST_TOKENS = 256;
/** Values of the head's table that are multiplied at a time. */
export const HEAD_VALUES = 32e6;
/** The most logits of one block that are held at once: about 64 MB of them. */
const LOGIT_VALUES = 16e6;

/**
 * Logits of one block where rows have d columns: with few columns the products are cheap beside what is done to each logit, which is
 * twice as fast in the cache.
 */
export function logitsAtOnce(d: number): number {
  return Math.min(LOGIT_VALUES, Math.max(LOGIT_VALUES / 4, (LOGIT_VALUES / 512) * d));
}

/** For what the runtime and the garbage of JavaScript take besides. */
const SLACK = 150e6;
/** Enough states to keep products large. */
const USUAL_STATES = 512e6;

/**
 * Whole where that fits, else layer by layer.
 * @throws RevocabError `not_enough_memory` when a part does not fit, with what it needs
 */
export function planSchedule(options: ScheduleOptions): Schedule {
  const { parts, encoderParts = [], description, dtype, vocabulary, attentionBytes } = options;
  const total = parts.map(sizeOf).reduce((sum, { held }) => sum + held, 0);
  const sizes = [...parts, ...encoderParts].map(sizeOf);
  const largest = {
    held: Math.max(0, ...sizes.map(({ held }) => held)),
    f32: Math.max(0, ...sizes.map(({ f32 }) => f32)),
    stored: Math.max(0, ...sizes.map(({ stored }) => stored)),
  };
  const tokens = Math.floor(WORK_AT_ONCE / (largest.f32 / 4));
  const batchTokens = Math.max(FEWEST_TOKENS, Math.min(MOST_TOKENS, tokens));
  const columns = stateColumns(description);
  const head = 4 * Math.min(vocabulary * description.width, HEAD_VALUES) * 1.5 + 4 * 2 * LOGIT_VALUES;
  const working =
    batchTokens * activations(description) * 4 +
    Math.min(attentionBytes, scoresOf(description, batchTokens)) +
    crossScoresOf(description, batchTokens) +
    3 * 4 * batchTokens * columns;
  const now = process.memoryUsage.rss();
  const free = availableMemory();
  // a part is also there in f32 while it is compared with what it gives in f16
  const reference = dtype === "f16" ? largest.f32 : 0;
  const besides = now + SLACK + largest.stored + reference + Math.max(head, working);
  const bytesPerValue = dtype === "f16" ? 2 : 4;
  const wholeBytes = besides + total + bytesPerValue * vocabulary * description.width;
  const leastBytes = besides + largest.held;
  const chosen = options.memory ?? now + free / 2;
  const isWhole = wholeBytes <= chosen && !options.layerByLayer;
  const memory = isWhole || leastBytes <= chosen || options.memory !== undefined ? chosen : now + 0.9 * free;
  if (!isWhole && leastBytes > memory) {
    throw new RevocabError(
      "not_enough_memory",
      `the memory is ${gigabytes(memory)}${options.memory === undefined ? ", nearly all that is free" : ""}; running this model layer by layer takes at least ${gigabytes(leastBytes)}`,
      { hint: `give \`memory\` of ${gigabytes(leastBytes)} or more, where the machine has it` },
    );
  }
  const given =
    options.memory === undefined ? `half of the free memory, ${gigabytes(memory)}` : gigabytes(memory);
  return {
    kind: isWhole ? "whole" : "layer by layer",
    reason: isWhole
      ? `its weights take ${gigabytes(total)} of memory in ${dtype}, within ${given}`
      : `whole it takes ${gigabytes(wholeBytes)} of memory in ${dtype}, more than ${given}`,
    batchTokens,
    stateRoom: isWhole ? Math.max(64e6, Math.min(USUAL_STATES, memory - wholeBytes)) : memory - leastBytes,
    wholeBytes,
    memory,
  };
}

function availableMemory(): number {
  // bounded by the container too; in older releases of Node it is not there
  return process.availableMemory?.() ?? freemem();
}

/** Numbers held for each position while a part runs. */
function activations({ layers, width }: TransformerDescription): number {
  const ofLayers = layers.map(({ attention, feedForward }) => {
    const { heads, keyValueHeads, headWidth } = attention;
    const inner = Math.max(...denseLayers(feedForward).map(innerWidth));
    return Math.max(3 * inner, 2 * (heads + 2 * keyValueHeads) * headWidth) + 2 * width;
  });
  return Math.max(width, ...ofLayers);
}

/** The feed-forward layer, or those of a mixture of experts that differ. */
function denseLayers(description: FeedForwardDescription): readonly DenseDescription[] {
  if (description.kind !== "experts") return [description];
  const { experts, shared } = description;
  return [...experts.slice(0, 1), ...(shared === undefined ? [] : [shared.layer])];
}

function innerWidth(dense: DenseDescription): number {
  return dense.kind === "gated-fused" ? dense.gateUp.outputs / 2 : dense.up.outputs;
}

/** Bytes of the scores of sequences of the usual length. */
function scoresOf({ layers, contextLength }: TransformerDescription, batchTokens: number): number {
  const arrays = Math.max(1, ...layers.map(({ attention }) => scoreArrays(attention)));
  return 2 * 4 * arrays * batchTokens * Math.min(contextLength, 512);
}

/** Bytes of the scores of positions and of the longest source. */
function crossScoresOf({ layers, encoder }: TransformerDescription, batchTokens: number): number {
  if (encoder === undefined) return 0;
  const arrays = Math.max(0, ...layers.map(({ crossAttention }) => crossAttention?.heads ?? 0));
  return 2 * 4 * arrays * batchTokens * encoder.body.contextLength;
}

/** Columns of all states between two parts. */
function stateColumns(description: TransformerDescription): number {
  const { width, layers } = description;
  const ofExperts = layers.map(({ feedForward }) =>
    feedForward.kind === "experts" ? 3 * width + feedForward.experts.length : 0,
  );
  return Math.max(width, inputWidth(description), outputWidth(description), ...ofExperts);
}

/** `4.0 GB`; megabytes below one. Rounded up, so that what is asked for is enough. */
export function gigabytes(bytes: number): string {
  const megabytes = Math.ceil(bytes / 1e6);
  return megabytes < 1000 ? `${megabytes} MB` : `${(Math.ceil(megabytes / 100) / 10).toFixed(1)} GB`;
}
