import { loadOnnxRuntime, type OnnxSession, openSession } from "@revocab/onnx";
import { buildHeadGradient, HEAD_GRADIENT_PORTS as PORTS } from "./graph/build-head.ts";
import type { OpenTransformer } from "./open-transformer.ts";
import { LOGIT_VALUES } from "./run/schedule.ts";

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
   * @param byTable [R × d] the gradient by the learning rows is added to it
   */
  add(
    hidden: Float32Array,
    targets: ArrayLike<number>,
    rows: HeadRows,
    byTable: Float32Array,
  ): Promise<HeadLoss>;
  close(): Promise<void>;
}

/** A few positions at a time, so that their logits over the whole vocabulary take about 64 MB. */
export function openHeadGradient({ description, computation, width: d }: OpenTransformer): HeadGradient {
  const sessions = new Map<string, Promise<OnnxSession>>();

  function sessionFor(hasBias: boolean, hasFixed: boolean): Promise<OnnxSession> {
    const key = `${hasBias} ${hasFixed}`;
    const graph = () => buildHeadGradient(d, { hasBias, hasFixed }, description.head);
    const { threads } = computation;
    const opened = sessions.get(key) ?? openSession(graph(), { directory: ".", threads, shares: true });
    sessions.set(key, opened);
    return opened;
  }

  return {
    async add(hidden, targets, { learning, fixed, bias }, byTable) {
      const { Tensor } = await loadOnnxRuntime();
      const [R, F] = [learning.length / d, fixed.length / d];
      const session = await sessionFor(bias !== undefined, F > 0);
      const rows = {
        [PORTS.table]: new Tensor("float32", learning, [R, d]),
        ...(F > 0 && { [PORTS.fixed]: new Tensor("float32", fixed, [F, d]) }),
        ...(bias && { [PORTS.bias]: new Tensor("float32", bias.subarray(0, R), [R]) }),
        ...(bias && F > 0 && { [PORTS.fixedBias]: new Tensor("float32", bias.subarray(R), [F]) }),
      };
      const byHidden = new Float32Array(hidden.length);
      const most = Math.max(1, Math.floor(LOGIT_VALUES / (R + F)));
      let loss = 0;
      for (let start = 0; start < targets.length; start += most) {
        const end = Math.min(start + most, targets.length);
        const places = BigInt64Array.from({ length: end - start }, (_, i) => BigInt(targets[start + i]));
        const range = [start * d, end * d] as const;
        const given = await session.run(
          {
            ...rows,
            [PORTS.hidden]: new Tensor("float32", hidden.subarray(...range), [end - start, d]),
            [PORTS.targets]: new Tensor("int64", places, [end - start, 1]),
          },
          {
            [PORTS.probability]: null,
            [PORTS.byTable]: null,
            [PORTS.byHidden]: new Tensor("float32", byHidden.subarray(...range), [end - start, d]),
          },
        );
        for (const p of given[PORTS.probability].data as Float32Array) loss -= Math.log(Math.max(p, LEAST));
        addInto(byTable, given[PORTS.byTable].data as Float32Array);
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

/** A probability below it is 0 in f32. */
const LEAST = 2 ** -149;

function addInto(sums: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}
