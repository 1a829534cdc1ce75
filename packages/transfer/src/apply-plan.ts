import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyCompanions, rewriteCheckpoint, type TableBlock, writeError } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type DenseRows,
  type ProgressListener,
  RevocabError,
  type StoredDtype,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { encodeInto, multiplyMixture } from "@revocab/matrix";
import { fingerprint, TOKENIZER_FILES } from "@revocab/vocabulary";
import { type ChatTemplateChoice, chooseChatTemplate } from "./chat-template.ts";
import { followConfigs } from "./follow-configs.ts";
import { checkGate } from "./gate.ts";
import type { OpenModel } from "./open-model.ts";
import { publishTokenizer } from "./publish-tokenizer.ts";
import { makeReport, type SwapReport } from "./report.ts";
import { stageOutput } from "./stage-output.ts";
import type { SwapPlan } from "./swap-plan.ts";

export interface ApplyOptions {
  readonly plan: SwapPlan;
  readonly model: OpenModel;
  /** The folder to write; it must not exist unless `force`. */
  readonly out: string;
  /** Replace an existing `out`, after the new one is complete. @default false */
  readonly force?: boolean;
  /** Hard-link the weight files that hold no vocabulary tensor instead of copying them. @default false */
  readonly link?: boolean;
  /** @default "auto" */
  readonly chatTemplate?: ChatTemplateChoice;
  /** Ids for config keys that have no counterpart, or that shall differ. */
  readonly tokenIds?: Readonly<Record<string, number>>;
  /** Zero rows fail the gate unless asked for. @default false */
  readonly allowZeroRows?: boolean;
  readonly threads?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * Rewrites a model folder by a plan: all of it in a staging folder, through the gate, then one rename.
 * Any failure leaves the input untouched and nothing behind.
 */
export async function applyPlan(options: ApplyOptions): Promise<SwapReport> {
  const { plan, model, out, force = false, link = false, chatTemplate = "auto", tokenIds = {} } = options;
  const { allowZeroRows = false, abortSignal, onProgress } = options;
  const { checkpoint } = model;
  const { tokenizer, rows } = plan.target;
  checkFit(plan, model);
  const configs = await followConfigs({
    model,
    target: tokenizer,
    rows,
    untie: plan.recipe.untie,
    overrides: tokenIds,
  });
  const template = chooseChatTemplate(chatTemplate, model.tokenizer, tokenizer);
  const listeners = { ...(abortSignal && { abortSignal }), ...(onProgress && { onProgress }) };
  const published = publishTokenizer(tokenizer, checkpoint.modelType, template);
  const output = await stageOutput({ out, inputs: [checkpoint.directory, tokenizer.origin], force });
  const writeOne = async (file: string, content: string | Uint8Array) => {
    const path = join(output.directory, file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (cause) {
      throw writeError(path, cause);
    }
  };
  try {
    onProgress?.({ type: "step", step: "write" });
    const written = await rewriteCheckpoint({
      checkpoint,
      out: output.directory,
      rows,
      untie: plan.recipe.untie,
      link,
      produce: ({ slot }, write) => produceRows(tablePlan(plan, slot), sourceOf(model, slot), write, options),
      ...listeners,
    });
    for (const [file, text] of configs.files) await writeOne(file, text);
    for (const [file, bytes] of published.files) await writeOne(file, bytes);
    const companions = await copyCompanions(checkpoint.directory, output.directory, TOKENIZER_FILES);
    onProgress?.({ type: "step", step: "check" });
    const gate = await checkGate({ directory: output.directory, plan, model, allowZeroRows, ...listeners });
    const sourceHashes = await model.hashes();
    const report = makeReport({
      plan,
      model,
      sourceHashes,
      configs,
      template,
      published,
      written,
      companions,
      gate,
    });
    await writeOne("revocab.json", `${JSON.stringify(report, null, 2)}\n`);
    abortSignal?.throwIfAborted();
    await output.commit();
    return report;
  } catch (error) {
    await output.discard();
    throw abortSignal?.aborted
      ? new RevocabError("aborted", "stopped before it was done; nothing was written", { cause: error })
      : inTermsOf(out, output.directory, error);
  }
}

/** The staging folder is gone when a person reads the message: it names the output instead. */
function inTermsOf(out: string, staging: string, error: unknown): unknown {
  if (!(error instanceof RevocabError) || !error.message.includes(staging)) return error;
  const { code, message, hint } = error;
  return new RevocabError(code, message.replaceAll(staging, out), {
    ...(hint !== undefined && { hint: hint.replaceAll(staging, out) }),
    cause: error,
  });
}

/** A plan fits a model with the same vocabulary, the same rows and the same tables. */
function checkFit(plan: SwapPlan, model: OpenModel): void {
  const { checkpoint, tokenizer, name } = model;
  const mark = fingerprint(tokenizer.vocabulary);
  const hint = `apply the plan to ${plan.source.name} or a fine-tune of it, or make a new plan for this model`;
  if (mark !== plan.source.fingerprint) {
    throw new RevocabError(
      "apply_mismatch",
      `the plan was made for the vocabulary ${plan.source.fingerprint.slice(0, 12)}, but ${name} has the vocabulary ${mark.slice(0, 12)}`,
      { hint },
    );
  }
  if (checkpoint.rows !== plan.source.rows || checkpoint.tied !== plan.source.tied) {
    const say = (rows: number, tied: boolean) =>
      `${rows} rows and ${tied ? "a tied head" : "a head of its own"}`;
    throw new RevocabError(
      "apply_mismatch",
      `the plan was made for a model with ${say(plan.source.rows, plan.source.tied)}, but ${name} has ${say(checkpoint.rows, checkpoint.tied)}`,
      { hint },
    );
  }
  for (const { slot } of checkpoint.tables) tablePlan(plan, slot);
  for (const { slot, basis, dense } of plan.tables) {
    const { columns } = sourceOf(model, slot);
    const widths = [
      ...(basis.rows > 0 ? [basis.columns] : []),
      ...(dense.ids.length > 0 ? [dense.columns] : []),
    ];
    const wrong = widths.find((width) => width !== columns);
    if (wrong === undefined) continue;
    throw new RevocabError(
      "apply_mismatch",
      `the plan holds rows of ${wrong} columns for ${slot}, but in ${name} it has ${columns}`,
      { hint },
    );
  }
}

/** The rows a new table is made from; a head that untying adds is made from the input's. */
function sourceOf({ checkpoint }: OpenModel, slot: string): StoredMatrix {
  const table =
    checkpoint.tables.find((candidate) => candidate.slot === slot) ??
    checkpoint.tables.find(({ slot }) => slot === "input");
  if (!table) throw new RevocabError("unsupported_checkpoint", "the model has no input embeddings");
  return table.matrix;
}

function tablePlan(plan: SwapPlan, slot: string): TablePlan {
  const found = plan.tables.find((table) => table.slot === slot);
  if (!found) {
    throw new RevocabError(
      "apply_mismatch",
      `the plan has rows for ${plan.tables.map((table) => table.slot).join(", ")}, but the model also needs ${slot}`,
      { hint: "make a new plan for this model" },
    );
  }
  return found;
}

/** Mixtures through the kernel; rows that are no sum are laid into the kernel's blocks, which left them zero. */
async function produceRows(
  { mixture, basis, dense }: TablePlan,
  source: StoredMatrix,
  write: (block: TableBlock) => Promise<void>,
  { threads, abortSignal, onProgress }: ApplyOptions,
): Promise<void> {
  await multiplyMixture({
    mixture,
    source,
    ...(basis.rows > 0 && { basis }),
    ...(threads !== undefined && { threads }),
    ...(abortSignal && { abortSignal }),
    ...(onProgress && { onProgress }),
    onBlock: async (block) => {
      await layDenseRows(dense, source.dtype, block);
      await write(block);
    },
  });
}

async function layDenseRows(dense: DenseRows, dtype: StoredDtype, block: TableBlock): Promise<void> {
  const start = firstAtLeast(dense.ids, block.startRow);
  const end = firstAtLeast(dense.ids, block.startRow + block.rows);
  if (start === end) return;
  const { data } = await dense.read(start, end - start);
  const rowBytes = block.columns * BYTES_PER_VALUE[dtype];
  for (let i = start; i < end; i++) {
    const values = (i - start) * dense.columns + block.startColumn;
    const row = (dense.ids[i] as number) - block.startRow;
    encodeInto(
      dtype,
      data.subarray(values, values + block.columns),
      block.bytes.subarray(row * rowBytes, (row + 1) * rowBytes),
    );
  }
}

function firstAtLeast(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
