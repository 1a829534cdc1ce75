import {
  type FinalStates,
  type Job,
  type PositionQuery,
  type ReadRequest,
  RevocabError,
  type StateBlock,
  type StoredMatrix,
  throwIfAborted,
} from "@revocab/core";
import { planBatches } from "../batches.ts";
import { RowCache } from "../row-cache.ts";
import type { LayerRunner } from "./layer-runner.ts";
import { type Layout, layoutOf, statesOf } from "./layout.ts";
import { type Parity, throughAll } from "./parity.ts";
import type { PartWeights } from "./part-weights.ts";
import type { Schedule } from "./schedule.ts";
import { openStateStore, type StateStore } from "./state-store.ts";
import { type WorkMeter, workMeter } from "./work-meter.ts";

export interface ReadOptions {
  readonly runner: LayerRunner;
  readonly weights: PartWeights;
  readonly schedule: Schedule;
  readonly contextLength: number;
  /** Columns of an input row. */
  readonly width: number;
  /** d: columns of a final hidden state. */
  readonly outputWidth: number;
  /** Σ length² of the sequences of a batch, padding included, that attention has memory for. */
  readonly squares: number;
  /** Positions of a sequence of this length that attend at a time; undefined where all do. */
  readonly pieceOf: (lengths: readonly number[]) => number | undefined;
  /** For messages: the model's folder, and how many layers it has. */
  readonly directory: string;
  readonly layers: number;
  /** What the device is to pass first. */
  readonly parity?: Parity;
  readonly job?: Job;
}

/** Sequences to read, beside the encoder's states where there are any. */
export interface BodyRequest extends ReadRequest {
  /** [S × d_enc] */
  readonly encoded?: Float32Array;
}

/** Queries of one request that run together. */
interface Batch {
  readonly request: BodyRequest;
  /** Indices into the queries of the request. */
  readonly queries: readonly number[];
  readonly lengths: readonly number[];
  /** B · T, padding included. */
  readonly rows: number;
}

/**
 * Sends all queries through all parts, part by part: a part's weights are taken once, and every batch passes through it. With all
 * weights in memory the batches go in groups whose states fit there; otherwise all are one group.
 *
 * The device is compared with the CPU before the work where the weights stay in memory, and else in the pass that reads them.
 */
export async function readQueries(requests: readonly BodyRequest[], options: ReadOptions): Promise<void> {
  const { schedule, contextLength, squares, runner, weights, parity, job } = options;
  for (const { queries } of requests) checkQueries(queries, contextLength);
  const batches = requests.flatMap((request) => batchesOf(request, schedule.batchTokens, squares));
  const layout = layoutOf(runner, options.width);
  const meter = workMeter(batches, runner.parts, job);
  if (parity !== undefined && schedule.kind === "whole") await throughAll(parity, runner, weights, job);
  const groups =
    schedule.kind === "whole" ? groupsOf(batches, layout.columns, schedule.stateRoom) : [batches];
  for (const group of groups) {
    const sizes = group.map(({ rows }) => rows * layout.columns);
    const store = await openStateStore(sizes, schedule.stateRoom);
    const room = { states: scratchOf(sizes), next: scratchOf(sizes) };
    try {
      await embed(group, store, room.states, options);
      await runParts({ group, store, room, layout, meter, options });
      for (const request of new Set(group.map((batch) => batch.request))) {
        throwIfAborted(job?.abortSignal);
        await request.onStates(finalStates({ request, group, store, room, meter, options }));
      }
    } finally {
      await store.close();
    }
  }
}

/** The longest sequences first, so that a model that is too large for the memory fails at once. */
function batchesOf(request: BodyRequest, tokens: number, squares: number): Batch[] {
  const lengths = request.queries.map((query) => query.tokens.length);
  return planBatches(lengths, { tokens, squares })
    .map((queries) => {
      const own = queries.map((query) => lengths[query]);
      return { request, queries, lengths: own, rows: queries.length * Math.max(...own) };
    })
    .filter(({ rows }) => rows > 0);
}

function groupsOf(batches: readonly Batch[], columns: number, room: number): Batch[][] {
  const groups: Batch[][] = [];
  let left = 0;
  for (const batch of batches) {
    const bytes = 4 * batch.rows * columns;
    if (groups.length === 0 || bytes > left) {
      groups.push([]);
      left = room;
    }
    (groups.at(-1) as Batch[]).push(batch);
    left -= bytes;
  }
  return groups;
}

function scratchOf(sizes: readonly number[]): Float32Array {
  return new Float32Array(Math.max(0, ...sizes));
}

/** Rows of the input tables become the first states. */
async function embed(
  group: readonly Batch[],
  store: StateStore,
  scratch: Float32Array,
  { width, job }: ReadOptions,
): Promise<void> {
  const caches = new Map<StoredMatrix, RowCache>();
  for (const [index, { request, queries, lengths, rows }] of group.entries()) {
    throwIfAborted(job?.abortSignal);
    const cache = caches.get(request.input) ?? new RowCache(request.input);
    caches.set(request.input, cache);
    const embeddings = scratch.subarray(0, rows * width).fill(0);
    const longest = Math.max(...lengths);
    for (const [b, query] of queries.entries()) {
      await cache.fill(request.queries[query].tokens, embeddings, b * longest);
    }
    await store.write(index, 0, embeddings);
  }
}

interface GroupRun {
  readonly group: readonly Batch[];
  readonly store: StateStore;
  readonly room: { readonly states: Float32Array; readonly next: Float32Array };
  readonly meter: WorkMeter;
  readonly options: ReadOptions;
}

async function runParts({
  group,
  store,
  room,
  layout,
  meter,
  options,
}: GroupRun & { readonly layout: Layout }): Promise<void> {
  const { runner, weights, schedule, pieceOf, job } = options;
  const parity = schedule.kind === "whole" ? undefined : options.parity;
  for (const [index, { part }] of runner.parts.entries()) {
    const { feeds, reference } = await weights.take(index, {
      next: index + 1 < runner.parts.length ? index + 1 : undefined,
      withReference: parity !== undefined,
      job,
    });
    if (reference !== undefined) await parity?.through(index, feeds, reference);
    for (const [at, { request, lengths, rows }] of group.entries()) {
      throwIfAborted(job?.abortSignal);
      const states = statesOf(await store.read(at, room.states), rows, part.takes, layout);
      const next = statesOf(room.next, rows, part.gives, layout);
      await runner.run(index, feeds, states, lengths, next, {
        piece: pieceOf(lengths),
        rowsAtOnce: schedule.batchTokens,
        encoded: request.encoded,
      });
      for (const [name, numbers] of Object.entries(next)) {
        await store.write(at, rows * layout.before[name], numbers);
      }
      meter.ran(index, lengths);
    }
  }
  await parity?.judge(job);
}

function finalStates({
  request,
  group,
  store,
  room,
  meter,
  options: { outputWidth, directory, layers, job },
}: GroupRun & { readonly request: ReadRequest }): FinalStates {
  const positionsOf = ({ queries }: Batch) => queries.map((query) => request.queries[query].positions);
  const own = [...group.entries()].filter(([, batch]) => batch.request === request);
  const count = (batch: Batch) => positionsOf(batch).reduce((sum, { length }) => sum + length, 0);
  return {
    queries: own.flatMap(([, { queries }]) => queries),
    positions: own.reduce((sum, [, batch]) => sum + count(batch), 0),
    async *blocks(passes = 1): AsyncGenerator<StateBlock> {
      for (const [at, batch] of own) {
        throwIfAborted(job?.abortSignal);
        const longest = Math.max(...batch.lengths);
        const hidden = await store.read(at, room.states);
        const states = selectRows(hidden, outputWidth, positionsOf(batch), longest, room.next);
        checkFinite(states, directory, layers);
        yield { queries: batch.queries, states };
        meter.used(request, states.length / outputWidth / passes);
      }
    },
  };
}

/** [Σ positions × columns] from [B · longest × columns] */
function selectRows(
  hidden: Float32Array,
  columns: number,
  positions: readonly Uint32Array[],
  longest: number,
  room: Float32Array,
): Float32Array {
  const total = positions.reduce((sum, { length }) => sum + length, 0) * columns;
  const selected = total <= room.length ? room.subarray(0, total) : new Float32Array(total);
  let next = 0;
  positions.forEach((wanted, b) => {
    for (const position of wanted) {
      const start = (b * longest + position) * columns;
      selected.set(hidden.subarray(start, start + columns), next * columns);
      next++;
    }
  });
  return selected;
}

export function checkQueries(queries: readonly PositionQuery[], contextLength: number): void {
  for (const { tokens, positions } of queries) {
    if (tokens.length > contextLength) {
      throw new RevocabError(
        "context_too_long",
        `a sequence of ${tokens.length} tokens was given to a model made for ${contextLength}`,
        { hint: "use a shorter context" },
      );
    }
    const beyond = positions.find((position) => position >= tokens.length);
    if (beyond !== undefined) throw new RangeError(`position ${beyond} of ${tokens.length} tokens`);
  }
}

function checkFinite(values: Float32Array, directory: string, layers: number): void {
  if (values.some(Number.isNaN)) throw notFinite(directory, layers);
}

/** A model that gave NaN. */
export function notFinite(directory: string, layers: number): RevocabError {
  return new RevocabError(
    "not_finite",
    `${directory} gave NaN (not a number) for a prediction, in ${layers} layers of f32`,
    {
      hint: "the weights hold NaN or infinity, or numbers too large for them: `inspectPath` names such rows of tables",
    },
  );
}
