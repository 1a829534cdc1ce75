import { join } from "node:path";
import type { Checkpoint, JsonObject } from "@revocab/checkpoint";
import { isJsonObject } from "@revocab/checkpoint/internal";
import { type Job, type ReadRequest, RevocabError, type Transformer } from "@revocab/core";
import { loadOnnxRuntime } from "@revocab/onnx";
import { type Computation, computationOf } from "./computation.ts";
import { inputWidth, outputWidth, type TransformerDescription } from "./description.ts";
import { familyOf } from "./families/families.ts";
import { partsOf } from "./graph/parts.ts";
import { openBody } from "./run/body.ts";
import { LayerRunner } from "./run/layer-runner.ts";
import type { GradientBatch } from "./run/run-gradients.ts";
import { gigabytes, planSchedule, type Schedule } from "./run/schedule.ts";
import { openSources, type Source } from "./run/sources.ts";
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
   * Sends batches through the layers, and the gradients of a loss by their final states back to their input rows; the weights stay as
   * they are. Where these do not stay in memory they are read once forward and once back for all batches together.
   * @throws RevocabError as `requireGradients` does; `file_changed`, `no_space`, `aborted`; what the batches throw
   */
  readWithGradients(batches: readonly GradientBatch[], job?: Job): Promise<void>;
  /** @throws RevocabError `bad_options` on another device than the CPU, `unsupported_architecture` for a model with an encoder */
  requireGradients(): void;
  /**
   * Sequences of one length that continue earlier ones; it gives back the keys and values of both. The whole body is in memory for
   * it, apart from what `read` keeps there.
   * @param embeddings [B · length × d]
   * @param length positions that are new, the same number for each of the B sequences
   * @param context what they continue, and what the encoder of an encoder–decoder model reads
   * @throws RevocabError `not_enough_memory`; `device_failed`
   */
  continue(
    embeddings: Float32Array,
    length: number,
    context?: { readonly cache?: BodyCache; readonly source?: Source },
  ): Promise<ContinuedBody>;
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
  // the graphs are built now, so that a missing tensor shows before any work
  const runnerOf = (of: TransformerDescription) =>
    new LayerRunner(of, partsOf(of, expertValues), weights, computation);
  const tensorsOf = ({ parts }: LayerRunner) => parts.map(({ tensors }) => tensors);
  const runner = runnerOf(description);
  const encoderRunner = description.encoder && runnerOf(description.encoder.body);
  const schedule = planSchedule({
    description,
    parts: tensorsOf(runner),
    encoderParts: encoderRunner && tensorsOf(encoderRunner),
    dtype: computation.dtype,
    vocabulary: Math.max(...checkpoint.tables.map(({ matrix }) => matrix.rows)),
    memory: job?.memory,
    layerByLayer,
    attentionBytes,
  });
  const table = (checkpoint.tables.find(({ slot }) => slot === "output") ?? checkpoint.tables[0]).matrix;
  const common = { schedule, computation, attentionBytes, table, directory: checkpoint.directory };
  const body = openBody({ ...common, runner });
  const encoder =
    encoderRunner &&
    openBody({ ...common, runner: encoderRunner, schedule: { ...schedule, kind: "layer by layer" } });
  const sources = encoder && openSources(encoder, description.encoder?.emptySource ?? []);
  const grower = textGrower(description, weights, computation);
  let isAnnounced = false;

  /** What the decoder's layers look at for each of these; nothing where there is no encoder. */
  async function encodedOf(asked: readonly Source[], own: Job | undefined) {
    return sources === undefined ? [] : sources.statesOf(asked, own);
  }

  function requireWhole(): void {
    if (schedule.kind === "whole") return;
    throw new RevocabError(
      "not_enough_memory",
      `text can be written by a model that is in memory whole: that takes ${gigabytes(schedule.wholeBytes)}, and the memory is ${gigabytes(schedule.memory)}`,
      { hint: `give \`memory\` of ${gigabytes(schedule.wholeBytes)} or more, where the machine has it` },
    );
  }

  function requireGradients(): void {
    if (computation.device !== "cpu") {
      throw new RevocabError(
        "bad_options",
        `gradients are computed on the CPU, and \`device\` is ${computation.device}`,
        { hint: "leave out `device`" },
      );
    }
    if (encoder !== undefined) {
      throw new RevocabError(
        "unsupported_architecture",
        `${checkpoint.directory} has an encoder, for which no gradients are computed`,
        { hint: "use a model of a decoder alone" },
      );
    }
  }

  return {
    kind: description.kind,
    contextLength: description.contextLength,
    width: outputWidth(description),
    checkpoint,
    description,
    weights,
    computation,
    schedule,
    async read(requests: readonly ReadRequest[], readJob = job) {
      await grower.release(); // both would hold the weights
      if (!isAnnounced) await timeNote(runner.parts, schedule, requests, computation, readJob);
      isAnnounced ||= readJob?.onProgress !== undefined;
      const encoded = await encodedOf(requests, readJob);
      await body.read(
        requests.map((request, i) => ({ ...request, encoded: encoded[i] })),
        readJob,
      );
    },
    async readWithGradients(batches, ownJob = job) {
      requireGradients();
      await grower.release(); // both would hold the weights
      await body.readWithGradients(batches, ownJob);
    },
    readCosts: () => readCosts(runner.parts, computation),
    requireWhole,
    requireGradients,
    async continue(embeddings, length, { cache, source } = {}) {
      requireWhole();
      const [encoded] = source === undefined ? [] : await encodedOf([source], job);
      await body.compare(embeddings.subarray(0, inputWidth(description) * length), encoded, job);
      if (!grower.isLoaded) body.clear();
      return grower.continue(embeddings, length, cache, encoded);
    },
    async close() {
      await Promise.all([grower.release(), body.release(), encoder?.release()]);
    },
  };
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
