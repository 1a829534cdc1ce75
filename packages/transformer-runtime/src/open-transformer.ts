import { join } from "node:path";
import type { Checkpoint, JsonObject } from "@revocab/checkpoint";
import { isJsonObject } from "@revocab/checkpoint/internal";
import { type Job, type ReadRequest, RevocabError, type Transformer } from "@revocab/core";
import { loadOnnxRuntime } from "@revocab/onnx";
import { asReference, type Computation, computationOf, isReference } from "./computation.ts";
import { inputWidth, outputWidth, type TransformerDescription } from "./description.ts";
import { familyOf } from "./families/families.ts";
import { scoreArrays } from "./graph/attention.ts";
import { partsOf } from "./graph/parts.ts";
import { RowCache } from "./row-cache.ts";
import { LayerRunner } from "./run/layer-runner.ts";
import { openParity, PARITY_POSITIONS, type Parity, throughAll } from "./run/parity.ts";
import { openPartWeights } from "./run/part-weights.ts";
import { readQueries } from "./run/read-queries.ts";
import { gigabytes, planSchedule, type Schedule } from "./run/schedule.ts";
import { type BodyCache, type ContinuedBody, textGrower } from "./run/text-grower.ts";
import { readCosts, timeNote } from "./run/time-note.ts";
import { openWeights, type Weights } from "./weights.ts";

/** The layers of a model folder. */
export interface OpenTransformer extends Transformer {
  readonly checkpoint: Checkpoint;
  readonly description: TransformerDescription;
  readonly weights: Weights;
  readonly computation: Computation;
  /** Whether the weights stay in memory, and why. */
  readonly schedule: Pick<Schedule, "kind" | "reason" | "memory">;
  /**
   * Sequences of one length that continue earlier ones; it gives back the keys and values of both. The whole body is in memory for
   * it, apart from what `read` keeps there.
   * @param embeddings [B · length × d]
   * @param length positions that are new, the same number for each of the B sequences
   * @throws RevocabError `not_enough_memory`; `device_failed`
   */
  continue(embeddings: Float32Array, length: number, cache?: BodyCache): Promise<ContinuedBody>;
  /** @throws RevocabError `not_enough_memory` when the body cannot be in memory whole, as a text that grows needs it */
  requireWhole(): void;
  close(): Promise<void>;
}

export interface OpenTransformerOptions {
  readonly job?: Job;
  /** Runs layer by layer even a model that fits into memory. @default false */
  readonly layerByLayer?: boolean;
  /**
   * What the attention scores of a layer may take; a causal model runs sequences that need more in pieces.
   * @default 256 MB
   */
  readonly attentionBytes?: number;
  /** Weights of experts that are in memory at a time where a model runs layer by layer; at least one expert. @default 64 million */
  readonly expertValues?: number;
}

/**
 * Reads what a model's config says of its layers and finds their weights; they are loaded when the model first runs.
 * @throws RevocabError `unsupported_architecture`, `bad_config`, `unsupported_checkpoint`, `shape_mismatch`,
 *   `unsupported_dtype`, `missing_dependency`, `not_enough_memory`, `bad_options`
 */
export async function openTransformer(
  checkpoint: Checkpoint,
  { job, layerByLayer = false, attentionBytes = 256e6, expertValues }: OpenTransformerOptions = {},
): Promise<OpenTransformer> {
  await refuseAdapter(checkpoint);
  const describe = familyOf(checkpoint.modelType);
  await loadOnnxRuntime();
  const computation = await computationOf(job);
  const weights = await openWeights(checkpoint.files, computation.dtype);
  const path = join(checkpoint.directory, "config.json");
  const description = describe({
    config: textConfig(checkpoint.config),
    path,
    hasTensor: weights.has,
    prefixBefore: (suffix) => prefixBefore(weights.names, suffix, path),
  });
  const { kind, contextLength } = description;
  // the graphs are built now, so that a missing tensor shows before any work
  const width = inputWidth(description);
  const runner = new LayerRunner(description, partsOf(description, expertValues), weights, computation);
  const parts = runner.parts.map(({ tensors }) => tensors);
  const vocabulary = Math.max(...checkpoint.tables.map(({ matrix }) => matrix.rows));
  const schedule = planSchedule({
    description,
    parts,
    dtype: computation.dtype,
    vocabulary,
    memory: job?.memory,
    layerByLayer,
    attentionBytes,
  });
  const partWeights = openPartWeights(parts, { stays: schedule.kind === "whole" });
  const squares = mostSquares(description, attentionBytes);
  const grower = textGrower(description, weights, computation);
  let isAnnounced = false;
  let isCompared = isReference(computation);

  /** Work that begins with a comparison of a device with the CPU, until one was passed. */
  async function compared(
    embeddings: Float32Array | undefined,
    inPieces: boolean,
    work: (parity: Parity | undefined) => Promise<void>,
  ): Promise<void> {
    if (isCompared || embeddings === undefined) return work(undefined);
    const reference = new LayerRunner(
      description,
      partsOf(description, expertValues),
      weights,
      asReference(computation),
    );
    const table = (checkpoint.tables.find(({ slot }) => slot === "output") ?? checkpoint.tables[0]).matrix;
    try {
      await work(openParity({ computation, runner, reference, description, table, embeddings, inPieces }));
      isCompared = true;
    } finally {
      await reference.close();
    }
  }
  const requireWhole = () => {
    if (schedule.kind === "whole") return;
    throw new RevocabError(
      "not_enough_memory",
      `text can be written by a model that is in memory whole: that takes ${gigabytes(schedule.wholeBytes)}, and the memory is ${gigabytes(schedule.memory)}`,
      { hint: `give \`memory\` of ${gigabytes(schedule.wholeBytes)} or more, where the machine has it` },
    );
  };

  return {
    kind,
    contextLength,
    width: outputWidth(description),
    checkpoint,
    description,
    weights,
    computation,
    schedule,
    async read(requests: readonly ReadRequest[], readJob = job) {
      await grower.release(); // both would hold the weights
      if (!isAnnounced) await timeNote(runner.parts, schedule, requests, computation, readJob);
      isAnnounced = true;
      const sample = isCompared ? undefined : await sampleOf(requests, width);
      await compared(sample, false, (parity) =>
        readQueries(requests, {
          runner,
          weights: partWeights,
          schedule,
          contextLength,
          width,
          outputWidth: outputWidth(description),
          squares,
          pieceOf: (lengths) => pieceLength(description, lengths, squares),
          directory: checkpoint.directory,
          layers: description.layers.length,
          parity,
          job: readJob,
        }),
      );
    },
    readCosts: () => readCosts(runner.parts, computation),
    requireWhole,
    async continue(embeddings, length, cache) {
      requireWhole();
      const sample = embeddings.slice(0, width * Math.min(length, PARITY_POSITIONS));
      await compared(sample, true, async (parity) => {
        if (parity !== undefined) await throughAll(parity, runner, partWeights, job);
      });
      if (!grower.isLoaded) partWeights.clear();
      return grower.continue(embeddings, length, cache);
    },
    async close() {
      await Promise.all([grower.release(), partWeights.close(), runner.close()]);
    },
  };
}

/** [positions × d] the input rows of the first sequence, or of its beginning; undefined where there is none. */
async function sampleOf(requests: readonly ReadRequest[], width: number): Promise<Float32Array | undefined> {
  for (const { input, queries } of requests) {
    const query = queries.find(({ tokens }) => tokens.length > 0);
    if (query === undefined) continue;
    const tokens = query.tokens.subarray(0, PARITY_POSITIONS);
    const embeddings = new Float32Array(tokens.length * width);
    await new RowCache(input).fill(tokens, embeddings, 0);
    return embeddings;
  }
  return undefined;
}

/** Other readers put an adapter in the model's folder on the model when they open it; without it the model is another one. */
async function refuseAdapter({ directory, folder }: Checkpoint): Promise<void> {
  if (!(await folder.has("adapter_config.json"))) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `${directory} holds an adapter (adapter_config.json), which is not run here`,
    {
      hint: "merge it into the model first (peft: merge_and_unload), or take its files out of the folder to run the base alone",
    },
  );
}

/** The part of a config about the language model. */
function textConfig(config: JsonObject): JsonObject {
  return isJsonObject(config.text_config) ? config.text_config : config;
}

function prefixBefore(names: readonly string[], suffix: string, path: string): string {
  const found = names.filter((name) => name === suffix || name.endsWith(`.${suffix}`));
  if (found.length === 1) return found[0].slice(0, -suffix.length);
  throw new RevocabError(
    "unsupported_checkpoint",
    `the weights beside ${path} hold ${found.length === 0 ? "no tensor" : `${found.length} tensors (${found.slice(0, 3).join(", ")})`} whose name ends with ${suffix}; one was expected`,
    {
      hint: "config.json and the weights belong to different models, or the tensors have names of another library",
    },
  );
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
