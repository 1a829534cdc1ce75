import type { Job, StoredMatrix } from "@revocab/core";
import { type Computation, isReference } from "../computation.ts";
import { inputWidth, outputWidth, type TransformerDescription } from "../description.ts";
import { scoreArrays } from "../graph/attention.ts";
import { RowCache } from "../row-cache.ts";
import { KeptProducts } from "./kept-products.ts";
import type { LayerRunner } from "./layer-runner.ts";
import { openParity, PARITY_POSITIONS, type Parity, throughAll } from "./parity.ts";
import { openPartWeights } from "./part-weights.ts";
import { type BodyRequest, readQueries } from "./read-queries.ts";
import { type GradientBatch, runGradients } from "./run-gradients.ts";
import type { Schedule } from "./schedule.ts";

/** The layers of a model, or of its encoder, which run part by part. Before a device's results are used they are compared with the CPU's. */
export interface Body {
  read(requests: readonly BodyRequest[], job: Job | undefined): Promise<void>;
  /** Sends batches through the layers, and the gradients of their losses back. */
  readWithGradients(batches: readonly GradientBatch[], job: Job | undefined): Promise<void>;
  /**
   * The comparison for a text that grows, which runs elsewhere.
   * @param embeddings [positions × d_in]
   * @throws RevocabError `device_failed`
   */
  compare(embeddings: Float32Array, encoded: Float32Array | undefined, job: Job | undefined): Promise<void>;
  /** Frees the weights; a further call loads them again. */
  clear(): void;
  /** Frees all that it holds; a further call loads it again. */
  release(): Promise<void>;
}

export interface BodyOptions {
  readonly runner: LayerRunner;
  /** `whole`: weights stay in memory once they were read. */
  readonly schedule: Schedule;
  readonly computation: Computation;
  /** What the attention scores of a layer may take. */
  readonly attentionBytes: number;
  /** [V × d] rows for the logits of the comparison. */
  readonly table: StoredMatrix;
  /** For messages: the model's folder. */
  readonly directory: string;
}

export function openBody({
  runner,
  schedule,
  computation,
  attentionBytes,
  table,
  directory,
}: BodyOptions): Body {
  const { description } = runner;
  const width = inputWidth(description);
  const squares = mostSquares(description, attentionBytes);
  const weights = openPartWeights(
    runner.parts.map(({ tensors }) => tensors),
    { stays: schedule.kind === "whole" },
  );
  const products = new KeptProducts(runner, schedule.memory - schedule.wholeBytes - schedule.stateRoom);
  let isCompared = isReference(computation);

  /** Work that begins with a comparison of a device with the CPU, until one was passed. */
  async function compared(
    sample: Sample | undefined,
    inPieces: boolean,
    work: (parity: Parity | undefined) => Promise<void>,
  ): Promise<void> {
    if (isCompared || sample === undefined) return work(undefined);
    const reference = runner.asReference();
    try {
      await work(openParity({ ...sample, computation, runner, reference, description, table, inPieces }));
      isCompared = true;
    } finally {
      await reference.close();
    }
  }

  return {
    async read(requests, job) {
      const sample = isCompared ? undefined : await sampleOf(requests, width);
      await compared(sample, false, (parity) =>
        readQueries(requests, {
          runner,
          weights,
          schedule,
          contextLength: description.contextLength,
          width,
          outputWidth: outputWidth(description),
          squares,
          pieceOf: (lengths) => pieceLength(description, lengths, squares),
          directory,
          layers: description.layers.length,
          parity,
          job,
        }),
      );
    },
    readWithGradients: (batches, job) =>
      runGradients(batches, {
        ...{ runner, weights, schedule, products, width, job },
        outputWidth: outputWidth(description),
      }),
    async compare(embeddings, encoded, job) {
      const sample = { embeddings: embeddings.slice(0, width * PARITY_POSITIONS), encoded };
      await compared(sample, true, async (parity) => {
        if (parity !== undefined) await throughAll(parity, runner, weights, job);
      });
    },
    clear() {
      weights.clear();
      products.clear();
    },
    async release() {
      products.clear();
      await Promise.all([weights.close(), runner.close()]);
    },
  };
}

interface Sample {
  /** [positions × d_in] */
  readonly embeddings: Float32Array;
  readonly encoded?: Float32Array;
}

/** The first sequence, or its beginning; undefined where there is none. */
async function sampleOf(requests: readonly BodyRequest[], width: number): Promise<Sample | undefined> {
  for (const { input, queries, encoded } of requests) {
    const query = queries.find(({ tokens }) => tokens.length > 0);
    if (query === undefined) continue;
    const tokens = query.tokens.subarray(0, PARITY_POSITIONS);
    const embeddings = new Float32Array(tokens.length * width);
    await new RowCache(input).fill(tokens, embeddings, 0);
    return { embeddings, encoded };
  }
  return undefined;
}

/**
 * Σ length² of the sequences that may run at once, so that the attention scores of a layer, [heads × T × S] in f32 for
 * each, take no more than `bytes`.
 */
function mostSquares({ layers }: TransformerDescription, bytes: number): number {
  const arrays = Math.max(1, ...layers.map(({ attention }) => scoreArrays(attention)));
  return bytes / (4 * arrays);
}

/**
 * How many positions of a long sequence attend at a time, so that its attention scores fit; undefined when all do, and
 * where positions see those after them.
 */
function pieceLength(
  { kind }: TransformerDescription,
  lengths: readonly number[],
  squares: number,
): number | undefined {
  const [length = 0] = lengths;
  if (kind !== "causal" || lengths.length !== 1 || length * length <= squares) return undefined;
  return Math.max(1, Math.floor(squares / length));
}
