import { type Job, type ScoreQuery, throwIfAborted } from "@revocab/core";
import type { GradientBatch, HeadGradient, OpenTransformer } from "@revocab/transformer-runtime";
import { planBatches } from "@revocab/transformer-runtime/internal";
import type { RowTable } from "./row-table.ts";

/** The tables of a vocabulary while rows learn; a tied model has one for both. */
export interface VocabularyRows {
  readonly input: RowTable;
  readonly output: RowTable;
  /** [R + F] in the places of `output` */
  readonly bias?: Float32Array;
}

export interface AddGradientsOptions {
  readonly transformer: OpenTransformer;
  readonly head: HeadGradient;
  readonly rows: VocabularyRows;
  /** What is read, and which tokens are to be predicted. */
  readonly queries: readonly ScoreQuery[];
  /** [R × d_in] and [R × d] the gradients of the sum of all losses are added to them; one array for a tied model. */
  readonly byInput: Float32Array;
  readonly byOutput: Float32Array;
  /** Distance to a teacher's hidden states, which is added to the loss. */
  readonly teaching?: Teaching;
  /** What the loss of each target counts in the gradients. @default 1 */
  readonly weigh?: WeighQuery;
  /** Positions of a batch, padding included: what lies between two operators stays in the caches. @default 1024 */
  readonly batchTokens?: number;
  readonly job?: Job;
}

/** What −ln p of each of a query's targets counts, [targets], by all −ln p of the query, [targets]. */
export type WeighQuery = (query: number, losses: Float32Array) => Float32Array;

export interface Teaching {
  /** For each query the positions that the teacher has states for. */
  readonly positions: readonly (readonly number[])[];
  /** For each query [positions × d]. */
  readonly states: readonly Float32Array[];
  /** What the square of a difference counts. */
  readonly weight: number;
}

export interface Losses {
  /** Σ −ln p of all targets */
  readonly crossEntropy: number;
  /** Σ of the squares of all differences to the teacher's states, 0 without one */
  readonly distance: number;
}

export async function addGradients({
  transformer,
  head,
  rows,
  queries,
  byInput,
  byOutput,
  teaching,
  weigh,
  batchTokens = 1024,
  job,
}: AddGradientsOptions): Promise<Losses> {
  const { input, output } = rows;
  const { columns } = input;
  const d = output.columns;
  let crossEntropy = 0;
  let distance = 0;
  const lengths = queries.map(({ tokens }) => tokens.length);
  const batches = planBatches(lengths, { tokens: batchTokens, squares: SQUARES }).map(
    (members): GradientBatch => {
      const own = members.map((query) => queries[query] as ScoreQuery);
      const longest = Math.max(...own.map(({ tokens }) => tokens.length));
      const places = own.map(({ tokens }) => Int32Array.from(tokens, (token) => input.placeOf(token)));
      /** The row of a batch for position t of sequence b. */
      const predicting = own.flatMap(({ positions }, b) => Array.from(positions, (t) => b * longest + t));
      const targets = own.flatMap(({ targets: tokens }) =>
        Array.from(tokens, (token) => output.placeOf(token)),
      );
      const weighAll = weigh && ((losses: Float32Array) => weightsOf(members, queries, losses, weigh));
      return {
        lengths: own.map(({ tokens }) => tokens.length),
        embeddings: rowsAt(input, places, longest),
        async onStates(states) {
          throwIfAborted(job?.abortSignal);
          const hidden = new Float32Array(predicting.length * d);
          for (const [i, row] of predicting.entries()) {
            hidden.set(states.subarray(row * d, (row + 1) * d), i * d);
          }
          const { loss: own, byHidden } = await head.add(
            hidden,
            targets,
            output.learning,
            byOutput,
            weighAll,
          );
          crossEntropy += own;
          const gradient = new Float32Array(states.length);
          for (const [i, row] of predicting.entries()) {
            gradient.set(byHidden.subarray(i * d, (i + 1) * d), row * d);
          }
          for (const [b, query] of teaching === undefined ? [] : members.entries()) {
            distance += addDistance(teaching as Teaching, query, states, b * longest, d, gradient);
          }
          return gradient;
        },
        async onGradient(gradient) {
          const learning = input.ids.length;
          for (const [b, ofSequence] of places.entries()) {
            for (const [t, place] of ofSequence.entries()) {
              if (place >= learning) continue;
              const from = (b * longest + t) * columns;
              const to = place * columns;
              for (let j = 0; j < columns; j++) byInput[to + j] += gradient[from + j];
            }
          }
        },
      };
    },
  );
  await transformer.readWithGradients(batches, job);
  return { crossEntropy, distance };
}

/** Query by query, [targets of all members] */
function weightsOf(
  members: readonly number[],
  queries: readonly ScoreQuery[],
  losses: Float32Array,
  weigh: WeighQuery,
): Float32Array {
  const weights = new Float32Array(losses.length);
  let at = 0;
  for (const query of members) {
    const end = at + queries[query].targets.length;
    weights.set(weigh(query, losses.subarray(at, end)), at);
    at = end;
  }
  return weights;
}

/**
 * Adds the gradient of the distance to the teacher's states.
 * @param start the row of the query's first position
 * @returns Σ of the squares
 */
function addDistance(
  { positions, states: taught, weight }: Teaching,
  query: number,
  states: Float32Array,
  start: number,
  d: number,
  gradient: Float32Array,
): number {
  let squares = 0;
  for (const [i, position] of positions[query].entries()) {
    const at = (start + position) * d;
    for (let j = 0; j < d; j++) {
      const difference = states[at + j] - taught[query][i * d + j];
      squares += difference * difference;
      gradient[at + j] += 2 * weight * difference;
    }
  }
  return squares;
}

/** Σ length² of the sequences of a batch: what attention and its gradient hold for each head. */
const SQUARES = 2 ** 21;

/** [B · longest × d], zeros where a sequence is padded */
function rowsAt(
  { columns, ids, learning, fixed }: RowTable,
  places: readonly Int32Array[],
  longest: number,
): Float32Array {
  const rows = new Float32Array(places.length * longest * columns);
  for (const [b, ofSequence] of places.entries()) {
    for (const [t, place] of ofSequence.entries()) {
      const [from, at] = place < ids.length ? [learning, place] : [fixed, place - ids.length];
      rows.set(from.subarray(at * columns, (at + 1) * columns), (b * longest + t) * columns);
    }
  }
  return rows;
}
