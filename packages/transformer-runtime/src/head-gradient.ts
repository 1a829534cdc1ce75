import { loadOnnxRuntime, type OnnxSession, type OnnxTensor, openSession } from "@revocab/onnx";
import { buildHeadGradient, HEAD_GRADIENT_PORTS as PORTS } from "./graph/build-head-gradient.ts";
import type { OpenTransformer } from "./open-transformer.ts";
import { logitsAtOnce } from "./run/schedule.ts";

/** What of a head's table stays as it is. */
export interface FixedHead {
  /** [F × d] rows that do not learn. */
  readonly fixed: Float32Array;
  /** [R + F] of the rows that learn and of those that do not. */
  readonly bias?: Float32Array;
}

export interface HeadLoss {
  /** Σ −ln p of the targets, each counted once. */
  readonly loss: number;
  /** [N × d] gradient of the weighted sum of all −ln p by the hidden states. */
  readonly byHidden: Float32Array;
}

/** What −ln p of each target counts in the gradients, [N], by all −ln p, [N]. */
export type WeighLosses = (losses: Float32Array) => Float32Array;

/** The loss of predicted tokens over a vocabulary and its gradients. */
export interface HeadGradient {
  /**
   * @param hidden [N × d] final states
   * @param targets [N] places of the tokens that follow: below R among the rows that learn, else R and more
   * @param learning [R × d] the rows that learn
   * @param byLearning [R × d] the gradient by them is added to it
   * @param weigh called once; the losses of all N targets are computed for it before any gradient is. @default each counts 1
   */
  add(
    hidden: Float32Array,
    targets: ArrayLike<number>,
    learning: Float32Array,
    byLearning: Float32Array,
    weigh?: WeighLosses,
  ): Promise<HeadLoss>;
  close(): Promise<void>;
}

/**
 * A few positions at a time, so that their logits over the whole vocabulary take 16 to 64 MB. Rows that do not learn are laid out for
 * products once, where their copies are small beside a model.
 */
export function openHeadGradient(
  { description, computation, width: d }: OpenTransformer,
  { fixed, bias }: FixedHead,
): HeadGradient {
  const F = fixed.length / d;
  const isConstant = F > 0 && fixed.length <= MOST_PACKED;
  const sessions = new Map<Result, Promise<OnnxSession>>();

  function sessionFor(result: Result): Promise<OnnxSession> {
    const session = sessions.get(result) ?? open(result);
    sessions.set(result, session);
    return session;
  }

  function open(result: Result): Promise<OnnxSession> {
    const content = { location: PORTS.fixed, offset: 0, length: fixed.byteLength };
    const parts = { fixedRows: F, hasBias: bias !== undefined, ...(isConstant && { fixed: content }) };
    const bytes = new Uint8Array(fixed.buffer, fixed.byteOffset, fixed.byteLength);
    return openSession(buildHeadGradient(d, parts, description.head, result), {
      directory: ".",
      threads: computation.threads,
      shares: true,
      keepsMemory: true,
      ...(isConstant && { pack: true, buffers: new Map([[PORTS.fixed, bytes]]) }),
    });
  }

  /** What both graphs take, a few positions at a time. */
  async function* blocksOf(
    hidden: Float32Array,
    targets: ArrayLike<number>,
    learning: Float32Array,
  ): AsyncGenerator<BlockOfHead> {
    const { Tensor } = await loadOnnxRuntime();
    const R = learning.length / d;
    const table = {
      [PORTS.learning]: new Tensor("float32", learning, [R, d]),
      ...(F > 0 && !isConstant && { [PORTS.fixed]: new Tensor("float32", fixed, [F, d]) }),
      ...(bias && { [PORTS.learningBias]: new Tensor("float32", bias.subarray(0, R), [R]) }),
      ...(bias && F > 0 && { [PORTS.fixedBias]: new Tensor("float32", bias.subarray(R), [F]) }),
    };
    const most = Math.max(1, Math.floor(logitsAtOnce(d) / (R + F)));
    for (let start = 0; start < targets.length; start += most) {
      const end = Math.min(start + most, targets.length);
      const places = Array.from({ length: end - start }, (_, i) => targets[start + i]);
      const size = [end - start, d] as const;
      const biases = bias && Float32Array.from(places, (place) => bias[place]);
      const feeds = {
        ...table,
        [PORTS.hidden]: new Tensor("float32", hidden.subarray(start * d, end * d), size),
        [PORTS.own]: new Tensor("float32", rowsAt(learning, fixed, places, d), size),
        ...(biases && { [PORTS.ownBias]: new Tensor("float32", biases, [end - start, 1]) }),
      };
      yield { start, end, places, feeds };
    }
  }

  /** −ln p of each target, [N] */
  async function lossesOf(blocks: AsyncIterable<BlockOfHead>, count: number): Promise<Float32Array> {
    const session = await sessionFor("losses");
    const losses = new Float32Array(count);
    for await (const { start, feeds } of blocks) {
      const given = await session.run(feeds);
      losses.set(given[PORTS.loss].data as Float32Array, start);
    }
    return losses;
  }

  return {
    async add(hidden, targets, learning, byLearning, weigh) {
      const { Tensor } = await loadOnnxRuntime();
      const blocks = () => blocksOf(hidden, targets, learning);
      const weights =
        weigh === undefined
          ? new Float32Array(targets.length).fill(1)
          : weigh(await lossesOf(blocks(), targets.length));
      const session = await sessionFor("gradients");
      const byHidden = new Float32Array(hidden.length);
      let loss = 0;
      for await (const { start, end, places, feeds } of blocks()) {
        const own = byHidden.subarray(start * d, end * d);
        const given = await session.run(
          {
            ...feeds,
            [PORTS.weights]: new Tensor("float32", weights.subarray(start, end), [end - start, 1]),
          },
          {
            ...{ [PORTS.loss]: null, [PORTS.byLearning]: null, [PORTS.byOwn]: null },
            [PORTS.byHidden]: new Tensor("float32", own, [end - start, d]),
          },
        );
        for (const one of given[PORTS.loss].data as Float32Array) loss += one;
        addInto(byLearning, given[PORTS.byLearning].data as Float32Array);
        addRows(byLearning, places, given[PORTS.byOwn].data as Float32Array, d);
      }
      return { loss, byHidden };
    },
    async close() {
      const opened = [...sessions.values()];
      sessions.clear();
      await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.release()));
    },
  };
}

type Result = "losses" | "gradients";

/** Some positions, and what the graphs take for them. */
interface BlockOfHead {
  readonly start: number;
  readonly end: number;
  /** The places of their targets. */
  readonly places: readonly number[];
  readonly feeds: Readonly<Record<string, OnnxTensor>>;
}

/** Values of rows that each graph keeps once more for every product that they are in: one of the losses, two of the gradients. */
const MOST_PACKED = 64e6;

/** [places × d] */
function rowsAt(
  learning: Float32Array,
  fixed: Float32Array,
  places: readonly number[],
  d: number,
): Float32Array {
  const rows = new Float32Array(places.length * d);
  const R = learning.length / d;
  for (const [i, place] of places.entries()) {
    const [from, at] = place < R ? [learning, place] : [fixed, place - R];
    rows.set(from.subarray(at * d, (at + 1) * d), i * d);
  }
  return rows;
}

function addInto(sums: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}

/** Adds row i to the row at the place, where that is one of `sums`. */
function addRows(sums: Float32Array, places: readonly number[], rows: Float32Array, d: number): void {
  for (const [i, place] of places.entries()) {
    const to = place * d;
    if (to >= sums.length) continue;
    for (let j = 0; j < d; j++) sums[to + j] += rows[i * d + j];
  }
}
