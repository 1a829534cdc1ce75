import { type RandomStream, randomStream } from "@revocab/matrix";
import type { Corpus } from "./corpus.ts";
import type { PairBatch } from "./skip-gram-step.ts";

export interface PairBatchOptions {
  /** Lines of numbers of participants. */
  readonly corpus: Corpus;
  /** [participants] */
  readonly counts: Uint32Array;
  readonly sampler: NegativeSampler;
  /** Tokens to each side. */
  readonly window: number;
  readonly negatives: number;
  /** A token that the text has `f` times is a center with probability √(subsample / f); 0: always. */
  readonly subsample: number;
  /** Pairs in a batch; the last one of an epoch has what is left. */
  readonly batchPairs: number;
  readonly seed: number;
  /** Each has its own order of lines, centers and negatives. */
  readonly epoch: number;
}

export interface NumberedBatch extends PairBatch {
  readonly index: number;
  /** Tokens of the epoch that have been passed. */
  readonly tokensDone: number;
}

/** The pairs of one epoch: a function of the seed and the epoch. */
export function* pairBatches(options: PairBatchOptions): Generator<NumberedBatch> {
  const { corpus, counts, window, subsample, batchPairs, seed, epoch } = options;
  const centers = new Uint32Array(batchPairs);
  const contexts = new Uint32Array(batchPairs);
  let [used, index, tokensDone] = [0, 0, 0];
  const close = (): NumberedBatch => {
    const batch = { centers: centers.slice(0, used), contexts: contexts.slice(0, used) };
    const negatives = drawNegatives(options, used, index);
    used = 0;
    return { ...batch, negatives, index: index++, tokensDone };
  };
  const choice = randomStream(seed, epoch, CENTERS);
  for (const line of shuffledLines(corpus.offsets.length - 1, seed, epoch)) {
    const [start, end] = [corpus.offsets[line], corpus.offsets[line + 1]];
    for (let at = start; at < end; at++) {
      tokensDone++;
      const center = corpus.tokens[at];
      const isCenter = subsample === 0 || choice.uniform() < Math.sqrt(subsample / counts[center]);
      if (!isCenter) continue;
      for (let near = Math.max(start, at - window); near <= Math.min(end - 1, at + window); near++) {
        if (near === at) continue;
        centers[used] = center;
        contexts[used++] = corpus.tokens[near];
        if (used === batchPairs) yield close();
      }
    }
  }
  if (used > 0) yield close();
}

/** Random streams of their own. */
const [LINES, CENTERS, NEGATIVES] = [0xb1000000, 0xb2000000, 0xb3000000];

function drawNegatives(
  { sampler, negatives, seed, epoch }: PairBatchOptions,
  pairs: number,
  index: number,
): Uint32Array {
  const stream = randomStream(seed, index, NEGATIVES + epoch);
  const drawn = new Uint32Array(pairs * negatives);
  for (let i = 0; i < drawn.length; i++) drawn[i] = sampler(stream);
  return drawn;
}

/** Fisher and Yates. */
function shuffledLines(lines: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: lines }, (_, line) => line);
  const stream = randomStream(seed, epoch, LINES);
  for (let i = lines - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export type NegativeSampler = (stream: RandomStream) => number;

/**
 * Draws numbers in proportion to count^0.75, in constant time: by Vose's alias method, with one uniform for both choices.
 * @see https://www.keithschwarz.com/darts-dice-coins/
 */
export function negativeSampler(counts: ArrayLike<number>): NegativeSampler {
  const n = counts.length;
  const powers = Float64Array.from(counts, (count) => count ** 0.75);
  const total = powers.reduce((sum, power) => sum + power, 0);
  const share = powers.map((power) => (power * n) / total);
  const alias = new Uint32Array(n);
  const small = Array.from(share.keys()).filter((i) => share[i] < 1);
  const large = Array.from(share.keys()).filter((i) => share[i] >= 1);
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop() as number, large.pop() as number];
    alias[less] = more;
    share[more] -= 1 - share[less];
    (share[more] < 1 ? small : large).push(more);
  }
  // what is left of either list is 1 but for rounding
  for (const i of [...small, ...large]) share[i] = 1;
  return (stream) => {
    const scaled = stream.uniform() * n;
    const slot = Math.floor(scaled);
    return scaled - slot < share[slot] ? slot : alias[slot];
  };
}
