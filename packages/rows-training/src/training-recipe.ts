import { createHash, type Hash } from "node:crypto";
import { areHashedWhole, hashLayer, layersOf, type TrainingRecipe } from "@revocab/checkpoint/internal";
import { BYTES_PER_VALUE, type Job, type StoredMatrix, throwIfAborted } from "@revocab/core";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import type { Teacher } from "./teacher.ts";
import type { LearningRows, TrainRowsOptions } from "./train-rows-options.ts";
import type { TrainingText } from "./training-text.ts";

/** The options of a training, their defaults in place. */
type Settled = TrainRowsOptions &
  Required<Pick<TrainRowsOptions, "rate" | "batchTokens" | "seed" | "objective">>;

/**
 * Everything that decides a training, by name: numbers and words as they are, all else as the first 16 digits of a sha256. Threads, memory
 * and device are not in it: a training may go on elsewhere. Of large layers a sample is read (`hashLayer`).
 */
export async function trainingRecipe(options: Settled, text: TrainingText): Promise<TrainingRecipe> {
  const { transformer, tables, documents, budget, teacher, learn = "text", frozen, ...others } = options;
  const { objective, rate, batchTokens, context, heldOut, seed, state, job, ...rest } = others;
  const { tokenizer: _, finishSignal: __, ...undecided } = rest;
  // an option that is not taken up here would let a training go on as another one
  undecided satisfies Record<string, never>;
  return {
    layers: await layersHash(transformer, job),
    rows: await tablesHash(tables, job),
    text: hashOf((hash) => {
      for (const document of documents) hash.update(document).update("\0");
    }),
    tokens: hashOf((hash) => hashTokens(hash, text)),
    objective,
    ...(teacher && { teacher: await teacherHash(teacher, job) }),
    budget: Object.values(budget).join(" "),
    learn: learnWord(learn),
    ...(frozen && { frozen: `${idsHash(frozen.input)} ${idsHash(frozen.output)}` }),
    rate,
    batchTokens,
    context: context ?? "default",
    heldOut: heldOut ?? "default",
    seed,
    ...state?.recipe,
  };
}

function hashOf(update: (hash: Hash) => void): string {
  const hash = createHash("sha256");
  update(hash);
  return digestOf(hash);
}

function digestOf(hash: Hash): string {
  return hash.digest("hex").slice(0, 16);
}

async function layersHash({ checkpoint }: OpenTransformer, job: Job | undefined): Promise<string> {
  const layers = layersOf(checkpoint);
  const isWhole = areHashedWhole(layers);
  const hash = createHash("sha256").update(checkpoint.configText);
  for (const name of [...layers.keys()].sort()) {
    const layer = layers.get(name)!;
    hash.update(`\0${name} ${layer.dtype} ${layer.shape} ${await hashLayer(layer, { isWhole, job })}`);
  }
  return digestOf(hash);
}

async function teacherHash({ tables, transformer }: Teacher, job: Job | undefined): Promise<string> {
  const rows = await tablesHash(tables, job);
  return transformer === undefined ? rows : `${rows} ${await layersHash(transformer, job)}`;
}

const BLOCK_BYTES = 8 << 20;

async function tablesHash({ input, output, bias }: ModelTables, job: Job | undefined): Promise<string> {
  const hash = createHash("sha256");
  for (const table of new Set([input, output, ...(bias ? [bias] : [])])) await hashRows(hash, table, job);
  return digestOf(hash);
}

async function hashRows(hash: Hash, table: StoredMatrix, job: Job | undefined): Promise<void> {
  const { rows, columns, dtype } = table;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const block = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  hash.update(`${dtype} ${rows} ${columns}\0`);
  for (let start = 0; start < rows; start += block) {
    throwIfAborted(job?.abortSignal);
    const count = Math.min(block, rows - start);
    const bytes = new Uint8Array(count * rowBytes);
    await table.readRows(start, count, bytes);
    hash.update(bytes);
  }
}

/** The ids, and which are predicted, of all that is read: what the tokenizers make of the text. */
function hashTokens(hash: Hash, { queries, heldOut }: TrainingText): void {
  for (const query of [...queries, ...heldOut.queries]) {
    for (const [name, value] of Object.entries(query)) {
      if (!ArrayBuffer.isView(value)) continue;
      hash.update(`${name} ${value.byteLength}\0`);
      hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
  }
}

function learnWord(learn: LearningRows): string {
  return typeof learn === "string" ? learn : idsHash(learn);
}

function idsHash(ids: ReadonlySet<number>): string {
  return hashOf((hash) => hash.update(Uint32Array.from(ids).sort()));
}
