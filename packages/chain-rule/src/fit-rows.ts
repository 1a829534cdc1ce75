import { type Job, type Matrix, stages, throwIfAborted } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";

export interface FitRowsOptions {
  /** X [n × d] hidden states. Steps are as long in all directions: columns that are nearly uncorrelated, of about one scale, converge fastest. */
  readonly states: Matrix;
  /** [m] the rows of X that are places of the text. */
  readonly places: Uint32Array;
  /** [m] the class that follows each place. */
  readonly classes: Uint32Array;
  /** [K × d] the rows that the fit starts from; they stay as they are. */
  readonly start: Matrix;
  /** [K] added to the logits of each class. @default 0 */
  readonly bias?: Float32Array;
  /**
   * [G + 1] where each group of classes begins; the last is K. A class moves by its own gradient and by that of its group: what the text
   * says of a group moves the classes that it does not have, too. Groups without any place come last.
   */
  readonly groupStarts: Uint32Array;
  /** Chooses the order of the places. */
  readonly seed: number;
  readonly products: DenseProducts;
  readonly job?: Job;
}

export interface FittedRows {
  /** [K × d] the rows after the best pass; `start` if none was better. */
  readonly rows: Matrix;
  /** How many passes made them; 0 if none was better. */
  readonly passes: number;
  /** Mean −log2 P of the class that follows, over the places that no pass used: at the start and after the best pass. NaN without such places. */
  readonly before: number;
  readonly after: number;
}

/**
 * Multinomial logistic regression on fixed states: rows with log P(k | x) ≈ row_k · x + bias_k, up to a constant that all classes share.
 *
 * Stochastic gradient steps over passes in random order, shorter from step to step. A tenth of the places is held out: the passes end
 * when their bits fall no further, and the rows of the best pass are kept. The same seed gives the same rows, for any number of threads.
 *
 * Memory: the rows twice more, 128 MB of logits, and gradients of a block of classes.
 * @throws RevocabError `aborted`
 */
export async function fitRows(options: FitRowsOptions): Promise<FittedRows> {
  const { start } = options;
  const { fitted, heldOut } = splitPlaces(options.places.length);
  if (heldOut.length === 0) return { rows: start, passes: 0, before: Number.NaN, after: Number.NaN };
  const fit = { ...options, ...layout(options, fitted), rows: { ...start, data: start.data.slice() } };
  const { before: first, passes } = stages(options.job, { before: 1, passes: 20 });
  const before = await bitsOf(fit, heldOut, first);
  // how many there will be is not known: each takes half of what is left
  const passJobs = stages<string>(
    passes,
    Object.fromEntries(Array.from({ length: PASSES }, (_, pass) => [`pass ${pass}`, 0.5 ** pass])),
  );
  let best: FittedRows = { rows: start, passes: 0, before, after: before };
  let last = before;
  for (let pass = 0; pass < PASSES; pass++) {
    const { run, score } = stages(passJobs[`pass ${pass}`], { run: 9, score: 1 });
    await runPass({ ...fit, job: run }, fitted, pass);
    const bits = await bitsOf(fit, heldOut, score);
    if (bits < best.after) best = { ...best, rows: fit.rows, passes: pass + 1, after: bits };
    const gain = last - bits;
    if (!(gain > 0 && gain >= ENOUGH * (before - bits))) break;
    last = bits;
    fit.rows = { ...start, data: fit.rows.data.slice() };
  }
  return best;
}

const PASSES = 8;
/** A pass that gains less of what all have gained is the last. */
const ENOUGH = 0.1;

/** A place raises the logit of its own class by about so much, whatever d is, before classes share out what they have. */
const RISE = 0.6;
/** The share of a full Newton step that a frequent class goes, whose places agree on it. */
const NEWTON_SHARE = 0.3;

/** Batches of a pass, where there are places enough: the steps of frequent classes are many short ones. */
const BATCHES = 40;
const SMALLEST_BATCH = 128;
const LARGEST_BATCH = 1024;
const LARGEST_LOGITS = 2 ** 25;
/** Classes whose gradients are held at a time; a group is never divided. */
const BLOCK_CLASSES = 4096;

/** The most classes of groups without places that a batch meets, beside the others: more of them made no fit better. */
const ABSENT_SHARE = 0.25;
const SMALLEST_PART = 1024;

/** Runs of places are held out, not single ones: neighbors are alike. */
const RUN = 256;
const HELD_OUT = 10;

/** Every tenth run of places is held out, so that a text of several parts is represented by all of them. */
function splitPlaces(count: number): { readonly fitted: Uint32Array; readonly heldOut: Uint32Array } {
  const run = Math.max(1, Math.min(RUN, Math.floor(count / HELD_OUT)));
  const all = new Uint32Array(count).map((_, at) => at);
  const isHeldOut = (at: number) => Math.floor(at / run) % HELD_OUT === HELD_OUT - 1;
  return { fitted: all.filter((at) => !isHeldOut(at)), heldOut: all.filter(isHeldOut) };
}

/** Consecutive groups, whose classes are multiplied at a time. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly [number, number];
  /** Added to its logits: a block that stands for others has their share of the competition, too. */
  readonly bias: number;
}

interface Layout {
  readonly batch: number;
  /** Blocks of groups that have places; each batch uses them all. */
  readonly present: readonly Block[];
  /** Groups without places, in parts: each batch uses one, in turn, and it counts as all of them. */
  readonly absent: readonly (readonly Block[])[];
  /** Steps along the gradient summed over a batch: [K] of a class's own, 0 for one without places or alone in its group; [G] of a group's. */
  readonly ownSteps: Float64Array;
  readonly groupSteps: Float64Array;
}

type Fit = FitRowsOptions & Layout & { rows: Matrix };

function layout(
  { states, places, classes, start, groupStarts }: FitRowsOptions,
  fitted: Uint32Array,
): Layout {
  const groups = groupStarts.length - 1;
  const counts = new Float64Array(start.rows);
  for (const at of fitted) counts[classes[at]]++;
  const last = classes.reduce((most, k) => Math.max(most, k), 0);
  const presentGroups = groupStarts.findIndex((from) => from > last);
  const presentClasses = groupStarts[presentGroups];
  const absentClasses = start.rows - presentClasses;
  const parts = Math.max(
    1,
    Math.ceil(absentClasses / Math.max(SMALLEST_PART, ABSENT_SHARE * presentClasses)),
  );
  const batchClasses = presentClasses + Math.ceil(absentClasses / parts);
  const wanted = Math.max(SMALLEST_BATCH, Math.min(LARGEST_BATCH, Math.ceil(fitted.length / BATCHES)));
  const batch = Math.max(1, Math.min(wanted, Math.floor(LARGEST_LOGITS / batchClasses)));
  const square = meanSquare(states, places);
  const step = (count: number) => 1 / ((batch * count) / fitted.length / NEWTON_SHARE + square / RISE);
  const ownSteps = counts.map((count) => (count === 0 ? 0 : step(count)));
  const groupSteps = new Float64Array(groups);
  for (let group = 0; group < groups; group++) {
    const [from, to] = [groupStarts[group], groupStarts[group + 1]];
    groupSteps[group] = step(counts.subarray(from, to).reduce((sum, count) => sum + count, 0));
    if (to - from === 1) ownSteps[from] = 0;
  }
  const absent = Array.from({ length: parts }, (_, part) => {
    const bound = (i: number) => presentGroups + Math.floor(((groups - presentGroups) * i) / parts);
    return blocksOf(groupStarts, bound(part), bound(part + 1), Math.log(parts));
  });
  return {
    batch,
    present: blocksOf(groupStarts, 0, presentGroups, 0),
    absent,
    ownSteps,
    groupSteps,
  };
}

/** Mean |x|² over the places. */
function meanSquare({ columns, data }: Matrix, places: Uint32Array): number {
  let sum = 0;
  for (const place of places) {
    for (let at = place * columns; at < (place + 1) * columns; at++) sum += data[at] * data[at];
  }
  return sum / places.length;
}

function blocksOf(groupStarts: Uint32Array, first: number, end: number, bias: number): Block[] {
  const blocks: Block[] = [];
  for (let group = first, next = first; group < end; group = next) {
    const from = groupStarts[group];
    next = group + 1;
    while (next < end && groupStarts[next + 1] - from <= BLOCK_CLASSES) next++;
    blocks.push({ from, to: groupStarts[next], groups: [group, next], bias });
  }
  return blocks;
}

async function runPass(fit: Fit, fitted: Uint32Array, pass: number): Promise<void> {
  const { batch, present, absent, job } = fit;
  const order = shuffled(fitted, fit.seed, pass);
  const total = order.length;
  for (let start = 0, tick = pass; start < total; start += batch, tick++) {
    throwIfAborted(job?.abortSignal);
    const part = order.subarray(start, start + batch);
    const scores = await scoresOf(fit, part, [...present, ...absent[tick % absent.length]]);
    await descend(fit, part, scores, 1 / (1 + pass + start / total));
    const done = Math.min(total, start + batch);
    job?.onProgress?.({
      type: "progress",
      step: `fit head rows, pass ${pass + 1}`,
      done,
      total,
      unit: "tokens",
    });
  }
}

function shuffled(places: Uint32Array, seed: number, pass: number): Uint32Array {
  const order = places.slice();
  const { uniform } = randomStream(seed, pass);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

interface Scores {
  /** [b × d] */
  readonly states: Matrix;
  readonly blocks: readonly Odds[];
  /** [b] Σ of a place's odds over the blocks. */
  readonly totals: Float64Array;
  /** [b] log P of the class that follows. */
  readonly logProbabilities: Float64Array;
}

interface Odds {
  readonly block: Block;
  /** [b × classes] logits, then their exponentials relative to the largest of the place. */
  readonly data: Float32Array;
}

async function scoresOf(fit: Fit, part: Uint32Array, blocks: readonly Block[]): Promise<Scores> {
  const { states, places, classes, rows, bias, products } = fit;
  const { columns } = states;
  const left = { rows: part.length, columns, data: new Float32Array(part.length * columns) };
  part.forEach((at, i) => {
    const from = places[at] * columns;
    left.data.set(states.data.subarray(from, from + columns), i * columns);
  });
  const scored: Odds[] = [];
  for (const block of blocks) {
    const { data } = await products.multiply(left, rowsOf(rows, block), { transposeRight: true });
    addBias(data, bias?.subarray(block.from, block.to), block);
    scored.push({ block, data });
  }
  const logits = new Float64Array(part.length);
  for (const { block, data } of scored) {
    part.forEach((at, i) => {
      const k = classes[at] - block.from;
      if (k >= 0 && k < block.to - block.from) logits[i] = data[i * (block.to - block.from) + k];
    });
  }
  const { largest, totals } = toOdds(scored, part.length);
  const logProbabilities = logits.map((logit, i) => logit - largest[i] - Math.log(totals[i]));
  return { states: left, blocks: scored, totals, logProbabilities };
}

/** A block of rows [classes × d], as a view. */
function rowsOf({ columns, data }: Matrix, { from, to }: Block): Matrix {
  return { rows: to - from, columns, data: data.subarray(from * columns, to * columns) };
}

function addBias(
  logits: Float32Array,
  bias: Float32Array | undefined,
  { from, to, bias: shared }: Block,
): void {
  if (bias === undefined && shared === 0) return;
  const width = to - from;
  for (let at = 0; at < logits.length; at += width) {
    for (let k = 0; k < width; k++) logits[at + k] += (bias?.[k] ?? 0) + shared;
  }
}

/** Logits become odds, in place. */
function toOdds(blocks: readonly Odds[], places: number) {
  const largest = new Float64Array(places).fill(Number.NEGATIVE_INFINITY);
  const totals = new Float64Array(places);
  for (const { data } of blocks) {
    const width = data.length / places;
    for (let i = 0, at = 0; i < places; i++) {
      let most = largest[i];
      for (const end = at + width; at < end; at++) if (data[at] > most) most = data[at];
      largest[i] = most;
    }
  }
  for (const { data } of blocks) {
    const width = data.length / places;
    for (let i = 0, at = 0; i < places; i++) {
      const most = largest[i];
      let sum = 0;
      for (const end = at + width; at < end; at++) {
        const odds = Math.exp(data[at] - most);
        data[at] = odds;
        sum += odds;
      }
      totals[i] += sum;
    }
  }
  return { largest, totals };
}

/** One step: rows += steps · Σ (1 for the class that follows − P(class | x)) · x over the batch. */
async function descend(fit: Fit, part: Uint32Array, scores: Scores, scale: number): Promise<void> {
  const { classes, products } = fit;
  for (const { block, data } of scores.blocks) {
    const width = block.to - block.from;
    for (let i = 0, at = 0; i < part.length; i++) {
      const share = -1 / scores.totals[i];
      for (const end = at + width; at < end; at++) data[at] *= share;
      const k = classes[part[i]] - block.from;
      if (k >= 0 && k < width) data[i * width + k] += 1;
    }
    const residuals = { rows: part.length, columns: width, data };
    const gradient = await products.multiply(residuals, scores.states, { transposeLeft: true });
    move(fit, block, gradient.data, scale);
  }
}

/** @param gradient [classes × d] of a block */
function move(
  { rows: { columns, data }, groupStarts, ownSteps, groupSteps }: Fit,
  { from, groups: [first, end] }: Block,
  gradient: Float32Array,
  scale: number,
): void {
  const shared = new Float32Array(columns);
  for (let group = first; group < end; group++) {
    const [start, stop] = [groupStarts[group], groupStarts[group + 1]];
    const groupStep = scale * groupSteps[group];
    if (stop - start === 1) {
      addScaled(data, start * columns, groupStep, gradient, (start - from) * columns, columns);
      continue;
    }
    shared.fill(0);
    for (let k = start; k < stop; k++) addScaled(shared, 0, 1, gradient, (k - from) * columns, columns);
    for (let k = start; k < stop; k++) {
      addScaled(data, k * columns, groupStep, shared, 0, columns);
      const ownStep = scale * ownSteps[k];
      if (ownStep > 0) addScaled(data, k * columns, ownStep, gradient, (k - from) * columns, columns);
    }
  }
}

/** into[at …] += factor · values[from …], for `count` values */
function addScaled(
  into: Float32Array,
  at: number,
  factor: number,
  values: Float32Array,
  from: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) into[at + j] += factor * values[from + j];
}

/** Mean −log2 P of the class that follows, over all classes. */
async function bitsOf(fit: Fit, heldOut: Uint32Array, job: Job | undefined): Promise<number> {
  const { groupStarts } = fit;
  const blocks = blocksOf(groupStarts, 0, groupStarts.length - 1, 0);
  let nats = 0;
  for (let start = 0; start < heldOut.length; start += fit.batch) {
    throwIfAborted(job?.abortSignal);
    const part = heldOut.subarray(start, start + fit.batch);
    const { logProbabilities } = await scoresOf(fit, part, blocks);
    nats -= logProbabilities.reduce((sum, one) => sum + one, 0);
    const [done, total] = [Math.min(heldOut.length, start + fit.batch), heldOut.length];
    job?.onProgress?.({ type: "progress", step: "score held-out places", done, total, unit: "tokens" });
  }
  return nats / heldOut.length / Math.LN2;
}
