import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AuxiliaryFiles, type OpenCheckpointOptions, readSafetensorsHeader } from "@revocab/checkpoint";
import { copyAuxiliaryFiles, listAuxiliaryFiles } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, type RowSource, showNotes, throwIfAborted } from "@revocab/core";
import { ifThere } from "@revocab/files/internal";
import {
  type ChatTemplateChoice,
  type ChosenChatTemplate,
  type OpenModel,
  openModel,
  openPlan,
  type SwapPlan,
  tokenizerOf,
} from "@revocab/plan";
import { checkFit, chooseChatTemplate, requireRowSource } from "@revocab/plan/internal";
import type { WrittenAdapter } from "@revocab/report";
import {
  fingerprint,
  isTokenizerFile,
  loadTokenizer,
  TOKENIZER_FILES,
  type Tokenizer,
} from "@revocab/vocabulary";
import { gateFailed } from "../gate/gate-check.ts";
import { publishTokenizer } from "../swap/publish-tokenizer.ts";
import { checkOutputPlace, stageOutput } from "../swap/stage-output.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, type Adapter, openAdapter } from "./open-adapter.ts";
import { planAdapter } from "./plan-adapter.ts";
import { writeAdapter } from "./write-adapter.ts";

export interface ApplyToAdapterOptions {
  readonly plan: SwapPlan;
  /** Reads the plan's rows that are no sum; it came with the plan. @default the plan has none */
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
  /** Used where the adapter's folder has tokenizer files. @default "auto" */
  readonly chatTemplate?: ChatTemplateChoice;
  /** Auxiliary files that are carried, whatever their kind. */
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
 * Rewrites an adapter by the plan that its base is swapped by, so that it acts on the swapped model as on the old one.
 * Tensors with an entry per token go through the plan's mixtures; all others are copied as bytes. Tokenizer files are
 * replaced. The new folder is staged, checked and renamed, as a model's is.
 *
 * @throws RevocabError `apply_mismatch` when plan, model, adapter or `base` do not belong together; `unsupported_checkpoint`
 *   for a tensor with an entry per token that is no sum of rows, such as DoRA's lengths
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
  const template = own && chooseChatTemplate(options.chatTemplate ?? "auto", own, tokenizerOf(plan.target));
  const published =
    template &&
    publishTokenizer(tokenizerOf(plan.target), template, {
      modelType: model.checkpoint.modelType,
      source: own,
      isOwn: false,
    });
  const auxiliary = await listAuxiliaryFiles(adapter.folder, {
    rewritten: [ADAPTER_CONFIG, ADAPTER_WEIGHTS, ...(published?.files.keys() ?? [])],
    tokenizerFiles: TOKENIZER_FILES,
    vocabularySizes: [model.checkpoint.rows, model.tokenizer.vocabulary.size],
    carry: options.carry,
  });
  const output = await stageOutput({
    out,
    inputs: [adapter.directory, model.checkpoint.directory, plan.target.origin],
    force,
  });
  try {
    job?.onProgress?.({ type: "step", step: "write" });
    const written = await writeAdapter(task, planned, output.directory, options);
    for (const [file, bytes] of published?.files ?? []) await output.write(file, bytes);
    await copyAuxiliaryFiles(adapter.folder, output.directory, auxiliary, options);
    job?.onProgress?.({ type: "step", step: "check" });
    await checkWritten(output.directory, adapter, written);
    await adapter.folder.check();
    await model.checkpoint.folder.check();
    throwIfAborted(job?.abortSignal);
    await output.commit();
    return {
      ...written,
      source: { name: plan.source.name, rows: plan.source.rows },
      target: { name: plan.target.name, rows: plan.target.rows },
      chatTemplate: template ? { from: template.from } : null,
      companions: { ...auxiliary, left: auxiliary.left.map(describeCard) },
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

/** {@link applyToAdapter} with the paths of a plan file and of a model folder. */
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
 * The tokenizer in the adapter's folder; undefined where there is none. One with other tokens than the base's is refused: the
 * plan has no rows for tokens that the adapter's training added.
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

/** A base that is a local folder must be the model that this plan was applied to. A repository is not checked. */
async function checkBase(base: string, plan: SwapPlan): Promise<void> {
  if ((await ifThere(base, stat(base))) === undefined) return;
  const model = await openModel(base);
  try {
    const { rows } = model.checkpoint;
    if (rows === plan.target.rows && fingerprint(model.tokenizer.vocabulary) === plan.target.fingerprint)
      return;
    throw new RevocabError(
      "apply_mismatch",
      `the base ${base} has ${rows} rows and the vocabulary ${fingerprint(model.tokenizer.vocabulary).slice(0, 12)}; ` +
        `${plan.target.rows} rows and ${plan.target.fingerprint.slice(0, 12)} were expected, as the plan has them`,
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
    throw gateFailed(`${name} is ${found?.dtype} [${found?.shape}], not ${dtype} [${expected}]`, {
      written: "the rewritten adapter",
    });
  }
}
