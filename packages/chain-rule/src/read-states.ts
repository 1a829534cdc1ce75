import {
  type EmbeddingTable,
  type InitContext,
  type Job,
  quiet,
  type ReadRequest,
  type SourceModel,
  type StoredMatrix,
  type TokenId,
} from "@revocab/core";
import { MixtureBuilder, storedMixtureRows } from "@revocab/matrix";
import type { PairedReading } from "@revocab/vocab-alignment";
import { StateSums } from "./linear-fits.ts";
import type { WeightedSources } from "./pieces.ts";

export interface ReadStatesOptions {
  readonly context: InitContext;
  readonly model: SourceModel;
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
 * Runs the model over every passage in both tokenizers; both readings go through each layer together. Memory: 8·d bytes for each
 * position where tokens of both begin, half of it until they have been added up.
 * @throws RevocabError `not_finite`, `aborted`
 */
export async function readStates({
  context,
  model,
  readings,
  inputOf,
  threads,
}: ReadStatesOptions): Promise<ReadStates> {
  const { transformer } = model;
  const { width } = transformer;
  const compact = compactTokens(readings);
  const input = await inputRows(context, compact.tokens, inputOf, threads);
  const own = await StateSums.open(width, threads);
  const pairs = await StateSums.open(width, threads);
  const starts = startsOf(readings);
  const count = starts.at(-1) as number;
  const [states, met] = [new Float32Array(count * width), new Float32Array(count * width)];
  const before: ReadRequest = {
    input: model.input,
    queries: readings.map(({ source }) => ({ tokens: source, positions: Uint32Array.from(source.keys()) })),
    workPerPosition: width * width,
    async onStates(given) {
      for await (const block of given.blocks()) {
        await own.add(block.states);
        let start = 0;
        for (const passage of block.queries) {
          const { source, sharedStarts } = readings[passage] as PairedReading;
          for (const [i, { sourcePosition }] of sharedStarts.entries()) {
            const at = (start + sourcePosition) * width;
            met.set(block.states.subarray(at, at + width), (starts[passage] + i) * width);
          }
          start += source.length;
        }
      }
    },
  };
  const after: ReadRequest = {
    input,
    queries: readings.map(({ target, sharedStarts }) => ({
      tokens: target.map((token) => compact.indexOf.get(token)!),
      positions: Uint32Array.from(sharedStarts, ({ targetPosition }) => targetPosition),
    })),
    async onStates(given) {
      for await (const block of given.blocks()) {
        let start = 0;
        for (const passage of block.queries) {
          const length = (starts[passage + 1] - starts[passage]) * width;
          states.set(block.states.subarray(start, start + length), starts[passage] * width);
          start += length;
        }
      }
    },
  };
  try {
    await transformer.read([before, after], named(context.job, "read sample text"));
    await pairs.add(states, met);
  } finally {
    await own.release();
    await pairs.release();
  }
  const tokens = Uint32Array.from(
    readings.flatMap(({ sharedStarts }) => sharedStarts.map(({ token }) => token)),
  );
  return { own, pairs, tokens, states, isSame: states.every((value, at) => value === met[at]) };
}

/** Shared starts before each passage, and in the end their number. */
function startsOf(readings: readonly PairedReading[]): number[] {
  const starts = [0];
  for (const { sharedStarts } of readings) starts.push((starts.at(-1) as number) + sharedStarts.length);
  return starts;
}

/** The same job, whose progress is that of `step`. */
function named(job: Job | undefined, step: string): Job | undefined {
  return job && { ...job, onProgress: (event) => job.onProgress?.({ ...event, step }) };
}

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
