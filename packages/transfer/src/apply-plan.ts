import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyCompanions, type RowBlock, rewriteCheckpoint } from "@revocab/checkpoint";
import { type ProgressListener, RevocabError, type StoredMatrix, type TablePlan } from "@revocab/core";
import { encodeInto, multiplyMixture } from "@revocab/matrix";
import { fingerprint, TOKENIZER_FILES } from "@revocab/vocabulary";
import { type ChatTemplateChoice, chooseChatTemplate } from "./chat-template.ts";
import { followConfigs } from "./follow-configs.ts";
import { checkGate } from "./gate.ts";
import type { OpenModel } from "./open-model.ts";
import { makeReport, type SwapReport } from "./report.ts";
import { stageOutput } from "./stage-output.ts";
import type { SwapPlan } from "./swap-plan.ts";
import { tokenizerFilesWithTemplate } from "./tokenizer-files.ts";

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
  const output = await stageOutput({ out, inputs: [checkpoint.directory, tokenizer.origin], force });
  try {
    onProgress?.({ type: "step", step: "write" });
    const written = await rewriteCheckpoint({
      checkpoint,
      out: output.directory,
      rows,
      untie: plan.recipe.untie,
      link,
      produce: (table, write) => produceRows(tablePlan(plan, table.slot), table.matrix, write, options),
      ...(abortSignal && { abortSignal }),
      ...(onProgress && { onProgress }),
    });
    for (const [file, json] of configs.files) {
      await writeFile(join(output.directory, file), `${JSON.stringify(json, null, 2)}\n`);
    }
    for (const [file, bytes] of tokenizerFilesWithTemplate(tokenizer, template)) {
      await mkdir(dirname(join(output.directory, file)), { recursive: true });
      await writeFile(join(output.directory, file), bytes);
    }
    const companions = await copyCompanions({
      from: checkpoint.directory,
      to: output.directory,
      leaveOut: new Set([...TOKENIZER_FILES, ...configs.files.keys(), "revocab.json"]),
    });
    onProgress?.({ type: "step", step: "check" });
    const gate = await checkGate({ directory: output.directory, plan, model, allowZeroRows, ...(abortSignal && { abortSignal }) });
    const report = makeReport({ plan, model, configs, template, written, companions, gate });
    await writeFile(join(output.directory, "revocab.json"), `${JSON.stringify(report, null, 2)}\n`);
    abortSignal?.throwIfAborted();
    await output.commit();
    return report;
  } catch (error) {
    await output.discard();
    throw abortSignal?.aborted ? new RevocabError("aborted", "stopped before it was done; nothing was written", { cause: error }) : error;
  }
}

/** A plan fits a model with the same vocabulary, the same rows and the same tables. */
function checkFit(plan: SwapPlan, { checkpoint, tokenizer, name }: OpenModel): void {
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
    const say = (rows: number, tied: boolean) => `${rows} rows and ${tied ? "a tied head" : "a head of its own"}`;
    throw new RevocabError(
      "apply_mismatch",
      `the plan was made for a model with ${say(plan.source.rows, plan.source.tied)}, but ${name} has ${say(checkpoint.rows, checkpoint.tied)}`,
      { hint },
    );
  }
  for (const table of checkpoint.tables) {
    const planned = tablePlan(plan, table.slot);
    const wide = planned.basis.rows > 0 ? planned.basis.columns : planned.dense.ids.length > 0 ? planned.dense.columns : table.matrix.columns;
    if (wide !== table.matrix.columns) {
      throw new RevocabError(
        "apply_mismatch",
        `the plan holds rows of ${wide} columns for ${table.slot}, but in ${name} it has ${table.matrix.columns}`,
        { hint },
      );
    }
  }
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

/** Mixtures first, through the kernel; then the rows that are no sum, over the zeros the kernel left for them. */
async function produceRows(
  { mixture, basis, dense }: TablePlan,
  source: StoredMatrix,
  write: (block: RowBlock) => Promise<void>,
  { threads, abortSignal, onProgress }: ApplyOptions,
): Promise<void> {
  await multiplyMixture({
    mixture,
    source,
    ...(basis.rows > 0 && { basis }),
    ...(threads !== undefined && { threads }),
    ...(abortSignal && { abortSignal }),
    ...(onProgress && { onProgress }),
    onBlock: write,
  });
  const { ids, columns } = dense;
  const block = Math.max(1, Math.floor(2 ** 22 / columns));
  for (let start = 0; start < ids.length; start += block) {
    abortSignal?.throwIfAborted();
    const count = Math.min(block, ids.length - start);
    const { data } = await dense.read(start, count);
    const bytes = new Uint8Array(count * columns * (source.dtype === "F32" ? 4 : 2));
    encodeInto(source.dtype, data, bytes);
    const width = bytes.length / count;
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (end < count && ids[start + end] === (ids[start + end - 1] as number) + 1) end++;
      await write({
        startRow: ids[start + first] as number,
        rows: end - first,
        startColumn: 0,
        columns,
        bytes: bytes.subarray(first * width, end * width),
      });
      first = end;
    }
  }
}
