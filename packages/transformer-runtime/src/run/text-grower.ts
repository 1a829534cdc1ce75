import {
  loadOnnxRuntime,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
  openSession,
} from "@revocab/onnx";
import { bodyFeeds, noPast } from "../body-feeds.ts";
import type { Computation } from "../computation.ts";
import { inputWidth, type TransformerDescription } from "../description.ts";
import { buildBody } from "../graph/build-body.ts";
import { PORTS } from "../graph/ports.ts";
import type { Weights } from "../weights.ts";
import { encodedFeeds, rotaryTables } from "./layer-runner.ts";

/** Keys and values of the positions so far. */
export interface BodyCache {
  readonly length: number;
  readonly tensors: Readonly<Record<string, OnnxTensor>>;
}

export interface ContinuedBody {
  /** [B · T × d] */
  readonly hidden: Float32Array;
  readonly cache: BodyCache;
}

/** The whole body in one session, its weights laid out for few rows: for text that grows token by token. */
export interface TextGrower {
  /**
   * Sequences of one length that continue earlier ones.
   * @param embeddings [B · length × d]
   * @param length positions that are new, the same number for each of the B sequences
   * @param encoded [S × d_enc] the encoder's states, where the description has an encoder
   */
  continue(
    embeddings: Float32Array,
    length: number,
    cache: BodyCache | undefined,
    encoded?: Float32Array,
  ): Promise<ContinuedBody>;
  readonly isLoaded: boolean;
  /** Frees the weights; a further call loads them again. */
  release(): Promise<void>;
}

export function textGrower(
  description: TransformerDescription,
  weights: Weights,
  { threads, device }: Computation,
): TextGrower {
  const rotary = rotaryTables(description);
  let opened: Promise<OnnxSession> | undefined;
  return {
    get isLoaded() {
      return opened !== undefined;
    },
    async continue(embeddings, length, cache, encoded) {
      const runtime = await loadOnnxRuntime();
      opened ??= openSession(buildBody(description, weights), {
        directory: weights.directory,
        pack: true,
        threads,
        device,
      });
      const session = await opened;
      const past = cache?.length ?? 0;
      const columns = inputWidth(description);
      const rows = embeddings.length / columns;
      const lengths = Array<number>(rows / length).fill(length);
      const { [PORTS.nextState("hidden")]: hidden, ...tensors } = await session.run({
        [PORTS.state("hidden")]: new runtime.Tensor("float32", embeddings, [rows, columns]),
        ...bodyFeeds(runtime, description, rotary, session.inputNames, { lengths, past }),
        ...encodedFeeds(runtime, description, session.inputNames, encoded),
        ...pastFeeds(runtime, description, lengths.length, cache),
      });
      return { hidden: hidden.data as Float32Array, cache: { length: past + length, tensors } };
    },
    async release() {
      const session = opened;
      opened = undefined;
      await (await session?.catch(() => undefined))?.release();
    },
  };
}

function pastFeeds(
  runtime: OnnxRuntime,
  { layers }: TransformerDescription,
  sequences: number,
  cache: BodyCache | undefined,
): Record<string, OnnxTensor> {
  const feeds: Record<string, OnnxTensor> = {};
  layers.forEach(({ attention }, i) => {
    const [key, value] = noPast(runtime, attention, sequences);
    feeds[PORTS.pastKey(i)] = cache?.tensors[PORTS.presentKey(i)] ?? key;
    feeds[PORTS.pastValue(i)] = cache?.tensors[PORTS.presentValue(i)] ?? value;
  });
  return feeds;
}
