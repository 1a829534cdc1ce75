import { loadOnnxRuntime, type OnnxSession, openSession } from "@revocab/onnx";
import {
  buildHeadGradient,
  type HeadParts,
  HEAD_GRADIENT_PORTS as PORTS,
} from "./graph/build-head-gradient.ts";
import type { OpenTransformer } from "./open-transformer.ts";
import { logitsAtOnce } from "./run/schedule.ts";

/** The rows of a head's table: those that learn, then those that do not. */
export interface HeadRows {
  /** [R × d] */
  readonly learning: Float32Array;
  /** [F × d] */
  readonly fixed: Float32Array;
  /** [R + F] */
  readonly bias?: Float32Array;
}

export interface HeadLoss {
  /** Σ −ln p of the targets. */
  readonly loss: number;
  /** [N × d] gradient of that sum by the hidden states. */
  readonly byHidden: Float32Array;
}

/** The loss of predicted tokens over a vocabulary and its gradients. */
export interface HeadGradient {
  /**
   * @param hidden [N × d] final states
   * @param targets [N] places of the tokens that follow, among the learning and the fixed rows
   * @param byLearning [R × d] the gradient by the learning rows is added to it
   */
  add(
    hidden: Float32Array,
    targets: ArrayLike<number>,
    rows: HeadRows,
    byLearning: Float32Array,
  ): Promise<HeadLoss>;
  close(): Promise<void>;
}

/** A few positions at a time, so that their logits over the whole vocabulary take 16 to 64 MB. */
export function openHeadGradient({ description, computation, width: d }: OpenTransformer): HeadGradient {
  const sessions = new Map<string, Promise<OnnxSession>>();

  function sessionFor(parts: HeadParts): Promise<OnnxSession> {
    const key = JSON.stringify(parts);
    const graph = () => buildHeadGradient(d, parts, description.head);
    const { threads } = computation;
    const opened = sessions.get(key) ?? openSession(graph(), { directory: ".", threads, shares: true });
    sessions.set(key, opened);
    return opened;
  }

  return {
    async add(hidden, targets, rows, byLearning) {
      const { Tensor } = await loadOnnxRuntime();
      const { learning, fixed, bias } = rows;
      const [R, F] = [learning.length / d, fixed.length / d];
      const session = await sessionFor({ hasBias: bias !== undefined, hasFixed: F > 0 });
      const table = {
        [PORTS.learning]: new Tensor("float32", learning, [R, d]),
        ...(F > 0 && { [PORTS.fixed]: new Tensor("float32", fixed, [F, d]) }),
        ...(bias && { [PORTS.learningBias]: new Tensor("float32", bias.subarray(0, R), [R]) }),
        ...(bias && F > 0 && { [PORTS.fixedBias]: new Tensor("float32", bias.subarray(R), [F]) }),
      };
      const byHidden = new Float32Array(hidden.length);
      const most = Math.max(1, Math.floor(logitsAtOnce(d) / (R + F)));
      let loss = 0;
      for (let start = 0; start < targets.length; start += most) {
        const end = Math.min(start + most, targets.length);
        const places = Array.from({ length: end - start }, (_, i) => targets[start + i]);
        const size = [end - start, d] as const;
        const range = [start * d, end * d] as const;
        const given = await session.run(
          {
            ...table,
            [PORTS.hidden]: new Tensor("float32", hidden.subarray(...range), size),
            [PORTS.own]: new Tensor("float32", rowsAt(rows, places, d), size),
            ...(bias && {
              [PORTS.ownBias]: new Tensor(
                "float32",
                Float32Array.from(places, (place) => bias[place]),
                [end - start, 1],
              ),
            }),
          },
          {
            ...{ [PORTS.loss]: null, [PORTS.byLearning]: null, [PORTS.byOwn]: null },
            [PORTS.byHidden]: new Tensor("float32", byHidden.subarray(...range), size),
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

/** [places × d] */
function rowsAt({ learning, fixed }: HeadRows, places: readonly number[], d: number): Float32Array {
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
