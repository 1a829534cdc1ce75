import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AuxiliaryFiles, type OpenCheckpointOptions, readSafetensorsHeader } from "@revocab/checkpoint";
import { copyAuxiliaryFiles, listAuxiliaryFiles } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, type RowSource, showNotes } from "@revocab/core";
import { writeError } from "@revocab/files";
import { type ChatTemplateChoice, type OpenModel, openModel, openPlan, type SwapPlan } from "@revocab/plan";
import {
  type ChosenChatTemplate,
  checkFit,
  chooseChatTemplate,
  requireRowSource,
} from "@revocab/plan/internal";
import type { WrittenAdapter } from "@revocab/report";
import {
  fingerprint,
  isTokenizerFile,
  loadTokenizer,
  TOKENIZER_FILES,
  type Tokenizer,
} from "@revocab/vocabulary";
import { publishTokenizer } from "../swap/publish-tokenizer.ts";
import { checkOutputPlace, stageOutput } from "../swap/stage-output.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, type Adapter, openAdapter } from "./open-adapter.ts";
import { planAdapter, writeAdapter } from "./write-adapter.ts";

export interface ApplyToAdapterOptions {
  readonly plan: SwapPlan;
  /** Of the plan's rows that are no sum, as it came with the plan. @default the plan has none */
  readonly rowSource?: RowSource;
  /** The model that the adapter was trained on, with the vocabulary of the plan. */
  readonly model: OpenModel;
  /** Folder of a PEFT adapter: adapter_config.json, adapter_model.safetensors. */
  readonly adapter: string;
  /** What the new config names as its base: the swapped model, a folder or a repository. @default none */
  readonly base?: string;
  /** The folder to write; it must not exist unless `force`. */
  readonly out: string;
  /** @default false */
  readonly force?: boolean;
  /** Hard-link weights that stay as they are. @default false */
  readonly link?: boolean;
  /** Of the tokenizer files, where the adapter's folder has some. @default "auto" */
  readonly chatTemplate?: ChatTemplateChoice;
  /** Files beside the adapter that are carried whatever they are. */
  readonly carry?: readonly string[];
  /** @default false */
  readonly allowZeroRows?: boolean;
  readonly job?: Job;
}

/** What became of an adapter. */
export interface AdapterReport extends WrittenAdapter {
  readonly source: { readonly name: string; readonly rows: number };
  readonly target: { readonly name: string; readonly rows: number };
  /** Null where the folder has no tokenizer files. */
  readonly chatTemplate: { readonly from: ChosenChatTemplate["from"] } | null;
  readonly companions: AuxiliaryFiles;
  readonly notes: readonly string[];
}

/**
 * Rewrites an adapter by the plan that its base is swapped by, so that it does on the swapped model what it did on the
 * old: what it holds per token goes through the plan's mixtures, all else moves as bytes, tokenizer files are replaced.
 * The new folder is staged, checked and renamed, as a model's is.
 *
 * @throws RevocabError `apply_mismatch` when plan, model, adapter or `base` do not belong together; `unsupported_checkpoint`
 *   for what an adapter holds per token that is no sum of rows
 */
export async function applyToAdapter(options: ApplyToAdapterOptions): Promise<AdapterReport> {
  const { plan, model, out, base, force = false, job } = options;
  checkFit(plan, model);
  const adapter = await openAdapter(options.adapter);
  if (adapter === undefined) {
    throw new RevocabError("missing_file", `${options.adapter} holds no ${ADAPTER_CONFIG}`, {
      hint: "give the folder of a PEFT adapter; a model is rewritten by `applyPlan`",
    });
  }
  const own = await ownTokenizer(adapter, model);
  if (base !== undefined) await checkBase(base, plan);
  const task = { ...options, rowSource: requireRowSource(plan, options.rowSource), adapter, base };
  const planned = planAdapter(task);
  const template = own && chooseChatTemplate(options.chatTemplate ?? "auto", own, plan.target.tokenizer);
  const published =
    template &&
    publishTokenizer(plan.target.tokenizer, template, {
      modelType: model.checkpoint.modelType,
      source: own,
      isEdit: false,
    });
  const companions = await listAuxiliaryFiles(adapter.folder, {
    rewritten: [ADAPTER_CONFIG, ADAPTER_WEIGHTS, ...(published?.files.keys() ?? [])],
    tokenizerFiles: TOKENIZER_FILES,
    vocabularySizes: [model.checkpoint.rows, model.tokenizer.vocabulary.size],
    carry: options.carry,
  });
  const output = await stageOutput({
    out,
    inputs: [adapter.directory, model.checkpoint.directory, plan.target.tokenizer.origin],
    force,
  });
  try {
    job?.onProgress?.({ type: "step", step: "write" });
    const written = await writeAdapter(task, planned, output.directory, options);
    for (const [file, bytes] of published?.files ?? []) await writeOne(join(output.directory, file), bytes);
    await copyAuxiliaryFiles(adapter.folder, output.directory, companions, options);
    job?.onProgress?.({ type: "step", step: "check" });
    await checkWritten(output.directory, adapter, written);
    await adapter.folder.check();
    await model.checkpoint.folder.check();
    job?.abortSignal?.throwIfAborted();
    await output.commit();
    return {
      ...written,
      source: { name: plan.source.name, rows: plan.source.rows },
      target: { name: plan.target.name, rows: plan.target.rows },
      chatTemplate: template ? { from: template.from } : null,
      companions: { ...companions, left: companions.left.map(describeCard) },
      notes: showNotes([
        ...(base === undefined
          ? [
              "adapter_config.json names no base: open the swapped model, and put the adapter on it; `base` names one",
            ]
          : []),
        ...(template?.note === undefined ? [] : [template.note]),
        ...(published?.notes ?? []),
      ]),
    };
  } catch (error) {
    await output.discard();
    if (!job?.abortSignal?.aborted) throw error;
    throw new RevocabError("aborted", "stopped before it was done; nothing was written", { cause: error });
  }
}

function describeCard(file: AuxiliaryFiles["left"][number]): AuxiliaryFiles["left"][number] {
  return file.name === "README.md" ? { ...file, reason: "describes the adapter on the old model" } : file;
}

/** {@link applyToAdapter} with paths of a plan file and of the model in place of what is opened. */
export async function applySavedPlanToAdapter({
  plan: planFile,
  model: folder,
  ...options
}: Omit<ApplyToAdapterOptions, "plan" | "rowSource" | "model"> &
  OpenCheckpointOptions & { plan: string; model: string }): Promise<AdapterReport> {
  await checkOutputPlace({ ...options, inputs: [options.adapter, folder, planFile] });
  const { plan, rowSource } = await openPlan(planFile);
  try {
    const model = await openModel(folder, options);
    try {
      return await applyToAdapter({ ...options, plan, rowSource, model });
    } finally {
      await model.close();
    }
  } finally {
    await rowSource.close();
  }
}

/** The base that an adapter's config names; undefined where it names none. */
export async function baseOfAdapter(directory: string): Promise<string | undefined> {
  const base = (await openAdapter(directory))?.config.base_model_name_or_path;
  return typeof base === "string" && base !== "" ? base : undefined;
}

/**
 * The tokenizer in the adapter's folder; undefined where there is none. Tokens that its training added have rows that
 * no plan for the base knows of.
 */
async function ownTokenizer({ directory }: Adapter, model: OpenModel): Promise<Tokenizer | undefined> {
  const names = await readdir(directory);
  if (!names.some(isTokenizerFile)) return undefined;
  const tokenizer = await loadTokenizer(directory);
  const [own, base] = [tokenizer.vocabulary, model.tokenizer.vocabulary];
  const differs = Array.from({ length: Math.max(own.size, base.size) }, (_, id) => id).find(
    (id) => id >= own.size || id >= base.size || own.tokenOf(id) !== base.tokenOf(id),
  );
  if (differs === undefined) return tokenizer;
  throw new RevocabError(
    "apply_mismatch",
    `the tokenizer in ${directory} has ${own.size} ids and that of ${model.name} ${base.size}; the first that differs is ${differs}`,
    {
      hint: "its training changed the vocabulary: merge the adapter into its base first, and swap the merged model",
    },
  );
}

/** A base that is at hand must be a model that the plan has made. */
async function checkBase(base: string, plan: SwapPlan): Promise<void> {
  if (!existsSync(base)) return;
  const model = await openModel(base);
  try {
    const { rows } = model.checkpoint;
    if (rows === plan.target.rows && fingerprint(model.tokenizer.vocabulary) === plan.target.fingerprint)
      return;
    throw new RevocabError(
      "apply_mismatch",
      `the base ${base} has ${rows} rows and the vocabulary ${fingerprint(model.tokenizer.vocabulary).slice(0, 12)}; ` +
        `${plan.target.rows} rows and ${plan.target.fingerprint.slice(0, 12)} were expected, as the plan makes them`,
      { hint: "give the folder that `applySavedPlan` wrote for the adapter's base by this plan" },
    );
  } finally {
    await model.close();
  }
}

/** Reads the written header again and compares it with what was planned. */
async function checkWritten(
  directory: string,
  { file }: Adapter,
  { rewritten, gone }: WrittenAdapter,
): Promise<void> {
  const { tensors } = await readSafetensorsHeader(join(directory, ADAPTER_WEIGHTS));
  const shapes = new Map(rewritten.map(({ name, to }) => [name, to]));
  for (const { name, dtype, shape } of file.tensors.filter((tensor) => !gone.includes(tensor.name))) {
    const expected = shapes.get(name) ?? shape;
    const found = tensors.find((tensor) => tensor.name === name);
    if (found?.dtype === dtype && found.shape.join() === expected.join()) continue;
    throw new RevocabError(
      "gate_failed",
      `the rewritten adapter did not pass the gate: ${name} is ${found?.dtype} [${found?.shape}], not ${dtype} [${expected}]`,
      { hint: "nothing was written; please report this" },
    );
  }
}

async function writeOne(path: string, content: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  } catch (cause) {
    throw writeError(path, cause);
  }
}
