import {
  type EmbeddingTable,
  type InitContext,
  quiet,
  type RunnableModel,
  type StoredMatrix,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import { MixtureBuilder, storedMixtureRows } from "@revocab/matrix";
import { StateSums } from "./linear-fits.ts";
import type { PairedReading } from "./paired-reading.ts";
import type { WeightedSources } from "./pieces.ts";

export interface ReadStatesOptions {
  readonly context: InitContext;
  readonly model: RunnableModel;
  readonly readings: readonly PairedReading[];
  /** The input row of a target token; undefined for one without any. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
  readonly threads: number;
}

/** The hidden states of a text, written in the source's tokens and in the new ones. */
export interface ReadStates {
  /** Over all states of the source's tokens. */
  readonly own: StateSums;
  /** Pairs of states (new, own) at the positions where tokens of both begin. */
  readonly pairs: StateSums;
  /** [n] the target tokens that follow at these positions. */
  readonly tokens: Uint32Array;
  /** [n × d] the states of the new tokens at these positions. */
  readonly states: Float32Array;
  /** True when both readings gave the same states: the tokens and their rows are the same. */
  readonly isSame: boolean;
}

/**
 * Runs the model over every passage twice, in both tokenizers. Memory: 4·d bytes for each position where tokens of both begin.
 * @throws RevocabError `not_finite`, `aborted`
 */
export async function readStates({
  context,
  model,
  readings,
  inputOf,
  threads,
}: ReadStatesOptions): Promise<ReadStates> {
  const { job } = context;
  const { width } = model;
  const compact = compactTokens(readings);
  const input = await inputRows(context, compact.tokens, inputOf, threads);
  const own = await StateSums.open(width, threads);
  const pairs = await StateSums.open(width, threads);
  const count = readings.reduce((sum, reading) => sum + reading.sharedStarts.length, 0);
  const states = new Float32Array(count * width);
  const tokens = new Uint32Array(count);
  const total = readings.reduce((sum, { source }) => sum + source.length, 0);
  let next = 0;
  let done = 0;
  let isSame = true;
  for (let start = 0; start < readings.length; start += PASSAGES) {
    throwIfAborted(job?.abortSignal);
    const block = readings.slice(start, start + PASSAGES);
    const before = await model.hiddenStates(
      block.map(({ source }) => ({ tokens: source, positions: Uint32Array.from(source.keys()) })),
      { job },
    );
    const after = await model.hiddenStates(
      block.map(({ target, sharedStarts }) => ({
        tokens: target.map((token) => compact.indexOf.get(token)!),
        positions: Uint32Array.from(sharedStarts, ({ targetPosition }) => targetPosition),
      })),
      { input, job },
    );
    const first = next;
    const met: Float32Array[] = [];
    for (const [i, { sharedStarts }] of block.entries()) {
      states.set(after[i], next * width);
      for (const { sourcePosition, token } of sharedStarts) {
        met.push(before[i].subarray(sourcePosition * width, (sourcePosition + 1) * width));
        tokens[next++] = token;
      }
    }
    const x = states.subarray(first * width, next * width);
    const y = joined(met);
    isSame &&= x.every((value, at) => value === y[at]);
    await own.add(joined(before));
    await pairs.add(x, y);
    done += block.reduce((sum, { source }) => sum + source.length, 0);
    job?.onProgress?.({ type: "progress", step: "read sample text", done, total, unit: "tokens" });
  }
  await own.release();
  await pairs.release();
  return { own, pairs, tokens, states, isSame };
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

/** Passages given to the model at a time. */
const PASSAGES = 16;

/** Numbers the target tokens that occur: only they need input rows. */
function compactTokens(readings: readonly PairedReading[]) {
  const indexOf = new Map<TokenId, number>();
  for (const { target } of readings) {
    for (const token of target) if (!indexOf.has(token)) indexOf.set(token, indexOf.size);
  }
  return { indexOf, tokens: [...indexOf.keys()] };
}

async function inputRows(
  { source: { tables }, job }: InitContext,
  tokens: readonly TokenId[],
  inputOf: ReadStatesOptions["inputOf"],
  threads: number,
): Promise<StoredMatrix> {
  const builder = new MixtureBuilder();
  for (const token of tokens) {
    const row = inputOf(token);
    if (row === undefined) builder.addEmpty();
    else builder.addRow(row.sources, row.weights);
  }
  return storedMixtureRows({
    mixture: builder.build(),
    source: inputTable(tables).matrix,
    job: { ...quiet(job), threads: Math.min(2, threads) },
  });
}

function inputTable(tables: readonly EmbeddingTable[]): EmbeddingTable {
  return tables.find(({ slot }) => slot === "input") as EmbeddingTable;
}
