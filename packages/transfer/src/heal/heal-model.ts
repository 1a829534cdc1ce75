import { rm } from "node:fs/promises";
import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Job, quiet, quote, RevocabError, showText, stages } from "@revocab/core";
import { copyOverlap } from "@revocab/embedding-init";
import { type ChosenChatTemplate, makePlan, type OpenModel, type PlannedSwap } from "@revocab/plan";
import { tokensWithoutRow } from "@revocab/plan/internal";
import type { SwapReport } from "@revocab/report";
import type { Objective } from "@revocab/rows-training";
import { type ApplyOptions, WRITING_WEIGHT, writeByPlan } from "../swap/apply-plan.ts";
import type { OwnTokenizer } from "../swap/own-tokenizer.ts";
import { checkOutputPlace } from "../swap/stage-output.ts";
import { withModel, writeWhilePlanned } from "../swap/swap-tokenizer.ts";
import {
  type Healing,
  type HealOptions,
  type StartHealingOptions,
  startHealing,
  TRAINING_WEIGHT,
  withoutText,
} from "./healing.ts";
import { differenceOfLayers, requireSameLayers } from "./require-same-layers.ts";
import { checkStatePlace } from "./training-state.ts";

export type HealModelOptions = HealOptions &
  OpenCheckpointOptions &
  Omit<
    ApplyOptions,
    "plan" | "rowSource" | "model" | "chatTemplate" | "chatTemplateFile" | "tokenIds" | "roles"
  > & {
    /** Model folder: config.json, safetensors, tokenizer.json. */
    readonly model: string;
    /**
     * The folder of the model whose tokenizer was swapped or extended, with the same layers; for the objectives `alm` and `lm` any causal
     * model. It writes the text where none is given, and says which rows are new; for `lm` it does nothing else. @default none
     */
    readonly teacher?: string;
    /**
     * A file in which the training is kept while it lasts, so that it goes on from there after a stop, a crash or a power cut: with the
     * same options, and on the same model and text, see `TrainRowsOptions.state`. A text that the model has written is kept in it, too. It is
     * removed once the model is written, except where `finishSignal` ended the training. @default nothing is kept
     */
    readonly state?: string;
  };

/**
 * Trains rows of the model in a folder on a text while its layers stay as they are, and writes the result to `out`. The model keeps
 * its tokenizer and its configs; all rows but the trained ones are copied as bytes. It is meant for a swapped or an extended model.
 *
 * @example
 * await healModel({ model: "./swapped", text: "./text.txt", budget: { kind: "time", seconds: 600 }, out: "./healed" });
 * @throws RevocabError as `trainRows` and `applyPlan` do; `bad_options` for `learn: new` without a `teacher`; `shape_mismatch` for a model that has no row for some of its tokens
 */
export async function healModel(options: HealModelOptions): Promise<SwapReport> {
  const { teacher: directory, ...given } = options;
  const objective = objectiveOf(options);
  const own = { ...given, objective };
  const { model: path, text, state, out, learn, job } = own;
  if (text === undefined && directory === undefined) throw withoutText();
  if (learn === "new" && directory === undefined) throw withoutOriginal();
  const inputs = [path, text, directory].filter((input) => input !== undefined);
  await checkOutputPlace({ ...own, inputs });
  if (state !== undefined) await checkStatePlace({ state, out, inputs });
  const report = await withModel(own, async (model) => {
    requireRows(model);
    if (directory === undefined) return heal(model, own);
    return withModel({ ...own, model: directory, weights: undefined }, async (source) => {
      const [layers, others] = [model.checkpoint, source.checkpoint];
      if (objective === "distill" || learn === "new") await requireSameLayers(layers, others, job);
      const hasOwnLayers = (await differenceOfLayers(layers, others, job)) !== undefined;
      return heal(model, { ...own, original: source, hasOwnLayers });
    });
  });
  // a training that was told to end may go on, to another output
  if (state !== undefined && report.training?.ended !== "told to") await removeState(state, out);
  return report;
}

async function removeState(state: string, out: string): Promise<void> {
  await rm(state, { force: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new RevocabError(
      "write_failed",
      `the model is in ${showText(out)}, but ${showText(state)} could not be removed (${cause.code})`,
      { hint: "remove it yourself", cause },
    );
  });
}

/** Which rows a method has computed is in no file of a model. */
function withoutOriginal(): RevocabError {
  return new RevocabError(
    "bad_options",
    "`learn: new` was given without the model before its tokenizer changed, and only rows that that one does not have are new",
    { hint: "give that model as `teacher`" },
  );
}

/** @throws RevocabError `bad_options` where the teacher has nothing to do, or there is none */
function objectiveOf({
  text,
  teacher,
  learn,
  objective = teacher === undefined ? "lm" : "distill",
}: HealModelOptions): Objective {
  if (objective !== "lm" && teacher === undefined) {
    throw new RevocabError("bad_options", `\`objective\` is ${objective}, and there is no \`teacher\``, {
      hint: "give the model whose tokenizer was swapped or extended as `teacher`",
    });
  }
  if (objective === "lm" && teacher !== undefined && text !== undefined && learn !== "new") {
    throw new RevocabError(
      "bad_options",
      "`objective` is lm: a `teacher` would only write the text, and a `text` is given",
      { hint: "leave out `teacher`, or learn from it by the objective distill or alm" },
    );
  }
  return objective;
}

async function heal(
  model: OpenModel,
  options: Omit<HealModelOptions, "teacher"> & StartHealingOptions,
): Promise<SwapReport> {
  const { train, write } = stages(options.job, { train: TRAINING_WEIGHT, write: WRITING_WEIGHT });
  const healing = await startHealing(model, options, options.job);
  try {
    const { directory: origin, rows } = model.checkpoint;
    return await writeWhilePlanned(
      { ...options, model, origin, rows },
      () => planHealed(model, healing, train),
      (planned, output) =>
        writeByPlan({
          ...options,
          ...planned,
          model,
          output,
          own: ownTokenizer(model),
          template: ownTemplates(model),
          job: write,
        }),
    );
  } finally {
    await healing.close();
  }
}

/** @throws RevocabError `shape_mismatch`: a token that was only added to the tokenizer has no row to train */
function requireRows({ tokenizer, checkpoint: { directory, rows } }: OpenModel): void {
  const ids = tokensWithoutRow(tokenizer, rows);
  if (ids.length === 0) return;
  throw new RevocabError(
    "shape_mismatch",
    `${directory} has ${rows} rows, and none for ${ids.length} of its tokens, such as ${quote(tokenizer.vocabulary.tokenOf(ids[0] as number))}`,
    { hint: "`editVocabulary` gives a row to each token that it adds; train the model that it writes" },
  );
}

/** Every row is a copy of itself before rows are trained. */
async function planHealed(model: OpenModel, healing: Healing, job: Job | undefined): Promise<PlannedSwap> {
  const { tokenizer, checkpoint } = model;
  const planned = await makePlan({
    model,
    tokenizer,
    method: copyOverlap(),
    copyShared: false,
    sourceOf: ownTokenizer(model).oldIdOf,
    extendsSource: true,
    minimumRows: checkpoint.rows,
    job: quiet(job),
  });
  return healing.heal(planned, job);
}

function ownTokenizer({ tokenizer }: OpenModel): OwnTokenizer {
  return { oldIdOf: Int32Array.from({ length: tokenizer.vocabulary.size }, (_, id) => id), changed: [] };
}

/** All templates, also those that a swap would not carry over. */
function ownTemplates({ tokenizer: { chatTemplates } }: OpenModel): ChosenChatTemplate {
  return {
    from: chatTemplates.size === 0 ? "none" : "target",
    templates: chatTemplates,
    note: undefined,
  };
}
