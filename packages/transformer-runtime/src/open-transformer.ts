import { join } from "node:path";
import type { Checkpoint, JsonObject } from "@revocab/checkpoint";
import { isJsonObject } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, threadsOf } from "@revocab/core";
import {
  loadOnnxRuntime,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
  openSession,
} from "@revocab/onnx";
import { type BodyBatch, bodyFeeds, RotaryTables } from "./body-feeds.ts";
import type { TransformerDescription } from "./description.ts";
import { familyOf } from "./families/families.ts";
import { buildBody } from "./graph/build-body.ts";
import { PORTS } from "./graph/ports.ts";
import { openWeights, type Weights } from "./weights.ts";

/** A model's body, ready to run: rows of an input table in, final hidden states out. It knows no vocabulary. */
export interface Transformer {
  readonly checkpoint: Checkpoint;
  readonly description: TransformerDescription;
  readonly weights: Weights;
  readonly threads: number;
  /** Σ length² of the sequences of a batch, padding included, that attention has memory for. */
  readonly squares: number;
  /**
   * Final hidden states of a batch, [B · T × d]: what the head's table is multiplied with. Rows of padding are to be
   * passed over. Sequences of a batch do not see each other.
   */
  run(batch: Omit<BodyBatch, "past">): Promise<Float32Array>;
  /** Loads what {@link run} needs for sequences of up to `length`, so that a caller can measure loading apart from running. */
  load(length: number): Promise<void>;
  /** The same for sequences of one length that continue earlier ones; it gives back the keys and values of both. */
  readonly continue: ContinueBody;
  close(): Promise<void>;
}

type ContinueBody = (
  /** [B · length × d] */
  embeddings: Float32Array,
  /** Positions that are new, the same number for each of the B sequences. */
  length: number,
  cache: BodyCache | undefined,
  /** Positions there will be in the end, where that is known. */
  total?: number,
) => Promise<ContinuedBody>;

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

export interface OpenTransformerOptions {
  readonly job?: Job;
  /**
   * What the attention scores of a layer may take; a causal model runs sequences that need more in pieces.
   * @default 256 MB
   */
  readonly attentionBytes?: number;
}

/**
 * Reads what a model's config says of its layers and finds their weights; they are loaded when the model first runs.
 * @throws RevocabError `unsupported_architecture`, `bad_config`, `unsupported_checkpoint`, `shape_mismatch`,
 *   `unsupported_dtype`, `missing_dependency`, `bad_options`
 */
export async function openTransformer(
  checkpoint: Checkpoint,
  { job, attentionBytes = 256e6 }: OpenTransformerOptions = {},
): Promise<Transformer> {
  const threads = threadsOf(job);
  await refuseAdapter(checkpoint);
  const describe = familyOf(checkpoint.modelType);
  const runtime = await loadOnnxRuntime();
  const weights = await openWeights(checkpoint.files);
  const path = join(checkpoint.directory, "config.json");
  const description = describe({
    config: textConfig(checkpoint.config),
    path,
    hasTensor: weights.has,
    prefixBefore: (suffix) => prefixBefore(weights.names, suffix, path),
  });
  const graph = buildBody(description, weights); // built now, so that a missing tensor shows before any work
  const rotary = new Map(
    Object.entries(description.rotary).map(([name, one]) => [name, new RotaryTables(one)] as const),
  );
  const squares = mostSquares(description, attentionBytes);
  const sessions = new Map<string, Promise<OnnxSession>>();
  const session = (cache: boolean) => {
    const key = cache ? "cache" : "plain";
    const opened =
      sessions.get(key) ??
      openSession(cache ? buildBody(description, weights, { cache }) : graph, {
        directory: weights.directory,
        pack: cache,
        threads,
      });
    sessions.set(key, opened);
    return opened;
  };
  const runBody = async (cached: boolean, batch: BodyBatch, cache: BodyCache | undefined) => {
    const body = await session(cached);
    const feeds = bodyFeeds(runtime, description, rotary, body.inputNames, batch);
    if (cached) feedPast(runtime, description, batch.lengths.length, cache, feeds);
    const { [PORTS.hidden]: hidden, ...tensors } = await body.run(feeds);
    return { hidden: hidden.data as Float32Array, tensors };
  };
  async function continueBody(
    embeddings: Float32Array,
    length: number,
    cache: BodyCache | undefined,
    total?: number,
  ): Promise<ContinuedBody> {
    const past = cache?.length ?? 0;
    const lengths = Array<number>(embeddings.length / (length * description.width)).fill(length);
    const batch = { embeddings, lengths, past, total };
    const { hidden, tensors } = await runBody(true, batch, cache);
    return { hidden, cache: { length: past + length, tensors } };
  }

  return {
    checkpoint,
    description,
    weights,
    threads,
    squares,
    async run(batch) {
      const piece = pieceLength(description, batch.lengths, squares);
      if (piece !== undefined) return runInPieces(continueBody, batch, piece);
      // two sessions would hold the weights twice
      const cached = sessions.has("cache") && !sessions.has("plain");
      return (await runBody(cached, { ...batch, past: 0 }, undefined)).hidden;
    },
    async load(length) {
      await session(pieceLength(description, [length], squares) !== undefined);
    },
    continue: continueBody,
    async close() {
      const opened = [...sessions.values()];
      sessions.clear();
      await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.release()));
    },
  };
}

function feedPast(
  { Tensor }: OnnxRuntime,
  { layers }: TransformerDescription,
  sequences: number,
  cache: BodyCache | undefined,
  feeds: Record<string, OnnxTensor>,
): void {
  layers.forEach(({ attention: { keyValueHeads, headWidth } }, i) => {
    const none = () => new Tensor("float32", new Float32Array(0), [sequences, keyValueHeads, 0, headWidth]);
    feeds[PORTS.pastKey(i)] = cache?.tensors[PORTS.presentKey(i)] ?? none();
    feeds[PORTS.pastValue(i)] = cache?.tensors[PORTS.presentValue(i)] ?? none();
  });
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
  const heads = Math.max(1, ...layers.map(({ attention }) => attention.heads));
  return bytes / (4 * heads);
}

/**
 * How many positions of a long sequence to run at a time, so that its attention scores fit; undefined when all do, and
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

/** One long sequence, piece by piece, each with the keys and values of those before: the same numbers in less memory. */
async function runInPieces(
  continueBody: ContinueBody,
  { embeddings, lengths }: { readonly embeddings: Float32Array; readonly lengths: readonly number[] },
  piece: number,
): Promise<Float32Array> {
  const [length = 0] = lengths;
  const width = embeddings.length / length;
  let hidden = new Float32Array(0);
  let cache: BodyCache | undefined;
  for (let start = 0; start < length; start += piece) {
    const count = Math.min(piece, length - start);
    const rows = embeddings.subarray(start * width, (start + count) * width);
    const continued = await continueBody(rows, count, cache, length);
    if (start === 0) hidden = new Float32Array((continued.hidden.length / count) * length);
    hidden.set(continued.hidden, start * (hidden.length / length));
    cache = continued.cache;
  }
  return hidden;
}
