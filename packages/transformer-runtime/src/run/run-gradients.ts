import { type Job, throwIfAborted } from "@revocab/core";
import type { StateWidths } from "../graph/part.ts";
import type { KeptProducts } from "./kept-products.ts";
import type { BatchStates, LayerRunner } from "./layer-runner.ts";
import { type Layout, layoutOf, statesOf } from "./layout.ts";
import type { PartWeights } from "./part-weights.ts";
import type { Schedule } from "./schedule.ts";
import { openStateStore, type StateStore } from "./state-store.ts";

/** Sequences that go through the layers together, and a loss by their final states. */
export interface GradientBatch {
  /** T_b of each of B sequences; T is the longest. */
  readonly lengths: readonly number[];
  /** [B · T × d_in] input rows; what pads a sequence is zeros. */
  readonly embeddings: Float32Array;
  /**
   * Gets the final states and gives the gradient of the loss by them, zeros where a sequence is padded.
   * @param states [B · T × d] overwritten afterwards
   * @returns [B · T × d]
   */
  onStates(states: Float32Array): Promise<Float32Array>;
  /**
   * Gets the gradient of the loss by the input rows.
   * @param gradient [B · T × d_in] overwritten afterwards
   */
  onGradient(gradient: Float32Array): Promise<void>;
}

export interface RunGradientsOptions {
  readonly runner: LayerRunner;
  readonly weights: PartWeights;
  readonly schedule: Schedule;
  /** Used where batches go one by one. */
  readonly products: KeptProducts;
  /** Columns of an input row. */
  readonly width: number;
  /** d: columns of a final state. */
  readonly outputWidth: number;
  readonly job?: Job;
}

/**
 * Sends batches through all parts, and the gradients of their losses back. What each part took is kept, in memory or in a scratch file,
 * and what lies inside a part is computed again on the way back. With all weights in memory the batches go one by one, and what is costly
 * inside of parts is kept, too, where there is room; otherwise all go together, so that the weights of each part are taken once forward
 * and once back.
 */
export async function runGradients(
  batches: readonly GradientBatch[],
  options: RunGradientsOptions,
): Promise<void> {
  const groups = options.schedule.kind === "whole" ? batches.map((batch) => [batch]) : [batches];
  for (const group of groups) await runGroup(group, options);
}

async function runGroup(group: readonly GradientBatch[], options: RunGradientsOptions): Promise<void> {
  const { runner, schedule, width, outputWidth } = options;
  const rows = group.map(({ lengths }) => lengths.length * Math.max(...lengths));
  const layout = layoutOf(runner, width);
  const sizes = rows.map((count) => count * layout.columns);
  const kept = keptColumns(runner);
  const room = schedule.stateRoom / 3;
  const states = await openStateStore(sizes, room);
  const taken = await openStateStore(
    rows.map((count) => count * kept.columns),
    room,
  );
  const largest = Math.max(...sizes);
  const products =
    group.length === 1 && schedule.kind === "whole" ? options.products.of(rows[0] as number) : [];
  const pass = { group, rows, layout, kept, states, taken, products, options, scratch: scratchOf(largest) };
  try {
    for (const [at, { embeddings }] of group.entries()) await states.write(at, 0, embeddings);
    await forward(pass);
    for (const [at, batch] of group.entries()) {
      const final = statesOf(
        await states.read(at, pass.scratch.one),
        rows[at],
        { hidden: outputWidth },
        layout,
      );
      const gradient = await batch.onStates(final.hidden);
      const all = pass.scratch.one.subarray(0, sizes[at]).fill(0);
      statesOf(all, rows[at], { hidden: outputWidth }, layout).hidden.set(gradient);
      await states.write(at, 0, all);
    }
    await back(pass);
    for (const [at, batch] of group.entries()) {
      const first = statesOf(await states.read(at, pass.scratch.one), rows[at], { hidden: width }, layout);
      await batch.onGradient(first.hidden);
    }
  } finally {
    await Promise.all([states.close(), taken.close()]);
  }
}

interface Pass {
  readonly group: readonly GradientBatch[];
  /** B · T of each batch. */
  readonly rows: readonly number[];
  readonly layout: Layout;
  readonly kept: KeptColumns;
  /** The states on the way forward, and on the way back the gradients by them. */
  readonly states: StateStore;
  /** What each part took. */
  readonly taken: StateStore;
  /** By part, of the one batch; none where all go together. */
  readonly products: readonly (BatchStates | undefined)[];
  readonly scratch: Scratch;
  readonly options: RunGradientsOptions;
}

interface Scratch {
  readonly one: Float32Array;
  readonly two: Float32Array;
  readonly three: Float32Array;
}

function scratchOf(size: number): Scratch {
  const room = () => new Float32Array(size);
  return { one: room(), two: room(), three: room() };
}

async function forward({
  group,
  rows,
  layout,
  kept,
  states,
  taken,
  products,
  scratch,
  options,
}: Pass): Promise<void> {
  const { runner, weights, schedule, job } = options;
  const last = runner.parts.length - 1;
  for (const [index, { part }] of runner.parts.entries()) {
    const { feeds } = await weights.take(index, { next: index < last ? index + 1 : undefined, job });
    for (const [at, { lengths }] of group.entries()) {
      throwIfAborted(job?.abortSignal);
      const before = statesOf(await states.read(at, scratch.one), rows[at], part.takes, layout);
      let offset = rows[at] * kept.before[index];
      for (const name of Object.keys(part.takes)) {
        await taken.write(at, offset, before[name]);
        offset += before[name].length;
      }
      const after = statesOf(scratch.two, rows[at], part.gives, layout);
      await runner.run(index, feeds, before, lengths, after, {
        rowsAtOnce: schedule.batchTokens,
        products: products[index],
      });
      await writeAll(states, at, rows[at], after, layout);
    }
  }
}

async function back({
  group,
  rows,
  layout,
  kept,
  states,
  taken,
  products,
  scratch,
  options,
}: Pass): Promise<void> {
  const { runner, weights, schedule, job } = options;
  for (let index = runner.parts.length - 1; index >= 0; index--) {
    const { part } = runner.parts[index];
    const { feeds } = await weights.take(index, { next: index > 0 ? index - 1 : undefined, job });
    const columns = columnsOf(part.takes);
    for (const [at, { lengths }] of group.entries()) {
      throwIfAborted(job?.abortSignal);
      const offset = rows[at] * kept.before[index];
      const numbers = await taken.readPart(at, offset, rows[at] * columns, scratch.two);
      const all = await states.read(at, scratch.one);
      const given = statesOf(all, rows[at], part.gives, layout);
      const own = inOrder(scratch.three, rows[at], part.takes);
      await runner.runBack(index, feeds, inOrder(numbers, rows[at], part.takes), given, lengths, own, {
        rowsAtOnce: schedule.batchTokens,
        products: products[index],
      });
      const gradients = statesOf(all, rows[at], { ...part.gives, ...part.takes }, layout);
      await writeAll(states, at, rows[at], joined(gradients, own, part.gives), layout);
    }
  }
}

/** The gradients by what goes into a part: by what it takes, and by what passes it by. */
function joined(before: BatchStates, own: BatchStates, gives: StateWidths): BatchStates {
  const all: Record<string, Float32Array> = {};
  for (const name of Object.keys(gives)) if (!(name in own)) all[name] = before[name].map(() => 0);
  for (const [name, gradient] of Object.entries(own)) {
    const passed = before[name];
    all[name] = name in gives ? gradient : gradient.map((value, i) => value + passed[i]);
  }
  return all;
}

async function writeAll(
  store: StateStore,
  at: number,
  rows: number,
  states: BatchStates,
  { before }: Layout,
): Promise<void> {
  for (const [name, numbers] of Object.entries(states)) await store.write(at, rows * before[name], numbers);
}

/** What all parts take stands one after another. */
interface KeptColumns {
  /** Of all parts together. */
  readonly columns: number;
  /** Before those of each part. */
  readonly before: readonly number[];
}

function keptColumns({ parts }: LayerRunner): KeptColumns {
  let columns = 0;
  const before = parts.map(({ part }) => {
    const start = columns;
    columns += columnsOf(part.takes);
    return start;
  });
  return { columns, before };
}

function columnsOf(widths: StateWidths): number {
  return Object.values(widths).reduce((sum, width) => sum + width, 0);
}

/** States that stand one after another. */
function inOrder(numbers: Float32Array, rows: number, widths: StateWidths): BatchStates {
  let start = 0;
  return Object.fromEntries(
    Object.entries(widths).map(([name, columns]) => {
      const own = numbers.subarray(start, start + rows * columns);
      start += rows * columns;
      return [name, own] as const;
    }),
  );
}
