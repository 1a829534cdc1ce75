import { basename } from "node:path";
import { type Job, RevocabError, stages } from "@revocab/core";
import { type DocumentSplit, readText, type TextDocuments } from "@revocab/files";
import { describeText } from "@revocab/measure/internal";
import {
  type OpenModel,
  type PlannedSwap,
  type PlanTraining,
  replaceRows,
  type TrainingText,
  tokenizerOf,
} from "@revocab/plan";
import { produceTables } from "@revocab/plan/internal";
import type {
  Objective,
  TrainedRows,
  TrainingBudget,
  TrainingStateOptions,
  TrainRowsOptions,
} from "@revocab/rows-training";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import { copiedRows } from "./copied-rows.ts";
import { beginNotes, type NamedTeacher, openTeacher } from "./open-teacher.ts";
import { keptText, writtenText, writtenWord } from "./written-text.ts";

/** How rows are trained on a text. Defaults are those of `trainRows`. */
export interface HealOptions
  extends Pick<TrainRowsOptions, "rate" | "context" | "batchTokens" | "seed" | "finishSignal"> {
  /**
   * `new`: of tokens that the text has, those whose row is none of the rows that the model had before its tokenizer was changed. Copied rows
   * stay as they are, byte for byte. @default "text"
   */
  readonly learn?: TrainRowsOptions["learn"] | "new";
  /**
   * What teaches besides the text: for `distill` the hidden states that the model before its tokenizer was swapped or edited gives for it
   * in its own tokens, for `alm` the probabilities that it gives to pieces of the text. Either makes a step take about half as long again;
   * `alm` does so only while the text is read for the first time.
   * @default "lm": nothing does; of `healModel` with a teacher "distill"
   */
  readonly objective?: Objective;
  /**
   * A UTF-8 file like what the model is to read and write.
   * @default texts that the model writes with the rows that its layers were trained with
   */
  readonly text?: string;
  /** About how many tokens it writes, where no text is given. @default 100_000 */
  readonly written?: number;
  /** When training ends. @default 10 minutes */
  readonly budget?: TrainingBudget;
  /** The most bytes of the text that are read. @default 32_000_000 */
  readonly maxBytes?: number;
  /** Where documents end. @default "auto" */
  readonly split?: DocumentSplit;
}

/** {@link HealOptions} with the model before its tokenizer was swapped or edited. */
export interface StartHealingOptions extends HealOptions {
  /** With the rows and the tokenizer that layers were trained with; it writes, and teaches. */
  readonly original?: OpenModel;
  /** Whether these are other layers than the model's. @default false */
  readonly hasOwnLayers?: boolean;
  /** The file that the training is kept in, see `HealModelOptions`. */
  readonly state?: string;
}

/** A text that is read and layers that are open, to train the rows of a plan. */
export interface Healing {
  /** The model's layers; methods that run the model may use them, too. */
  readonly transformer: OpenTransformer;
  /**
   * The plan with trained rows. It takes over the plan: where training fails, the plan's row source is closed.
   * @throws RevocabError as `trainRows` does; `no_space`, `write_failed` for tables that are in a scratch file
   */
  heal(planned: PlannedSwap, job: Job | undefined): Promise<PlannedSwap>;
  close(): Promise<void>;
}

/** How long training takes beside planning and writing, for progress. */
export const TRAINING_WEIGHT = 40;

/** Some 8 million tokens: more than ten minutes take at 10,000 a second. */
const MOST_BYTES = 32_000_000;
const TEN_MINUTES: TrainingBudget = { kind: "time", seconds: 600 };
/** The origin of trained rows in a plan. */
const HEALED = "healed";

/**
 * Reads the text and opens the layers: a text or a model without which nothing can be trained fails before anything is written.
 * @throws RevocabError `missing_file`, `bad_text`, `unsupported_checkpoint`, `unsupported_architecture`; what `openTransformer` throws;
 *   `bad_safetensors`, `bad_options` for a file that is to hold a text, and does not
 */
export async function startHealing(
  model: OpenModel,
  options: StartHealingOptions,
  job: Job | undefined,
): Promise<Healing> {
  const { text: path, maxBytes = MOST_BYTES, split, original, seed } = options;
  const { objective = "lm", hasOwnLayers = false, state } = options;
  if (path === undefined && original === undefined) throw withoutText();
  const training = await import("@revocab/rows-training/internal");
  const given = path === undefined ? await keptText(state) : await readText(path, { maxBytes, split, job });
  if (given !== undefined) training.requireTrainableText(given.documents, seed);
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  tablesOf(model.checkpoint); // a model without a head predicts nothing
  const transformer = await openTransformer(model.checkpoint, { job });
  const close = async () => void (await Promise.all([transformer.close(), teacher?.transformer?.close()]));
  let teacher: NamedTeacher | undefined;
  try {
    training.requireTrainable(transformer);
    if (objective !== "lm") teacher = await openTeacher(original as OpenModel, hasOwnLayers, job);
    const writer = hasOwnLayers ? undefined : transformer;
    const text = given ?? (await writtenText(original as OpenModel, writer, options, job));
    const name = path === undefined ? `text written by ${(original as OpenModel).name}` : basename(path);
    return {
      transformer,
      async heal(planned, own) {
        try {
          return await healPlan(
            planned,
            model,
            transformer,
            { ...text, name },
            {
              ...options,
              objective,
              teacher,
              originalTables: original && tablesOf(original.checkpoint),
              state: stateOf(options),
              job: own,
            },
          );
        } catch (error) {
          await planned.rowSource.close();
          throw error;
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Neither a text nor a model that could write one. */
export function withoutText(): RevocabError {
  return new RevocabError(
    "bad_options",
    "there is no text to train rows on, and no model that could write one",
    {
      hint: "give a `text`, or as `teacher` the model whose tokenizer was swapped or extended",
    },
  );
}

/** A text that was written is kept, and a training goes on only where as much of the same model was asked for. */
function stateOf({ state: path, text, original, written }: StartHealingOptions) {
  if (path === undefined) return undefined;
  if (text !== undefined) return { path };
  return { path, withDocuments: true, recipe: { written: `${writtenWord(written)} by ${original?.name}` } };
}

/** A text, and where it is from. */
type NamedText = TextDocuments & { readonly name: string };

/** Trains the tables that the plan would write, and puts the trained rows into the plan. */
async function healPlan(
  planned: PlannedSwap,
  model: OpenModel,
  transformer: OpenTransformer,
  text: NamedText,
  {
    budget = TEN_MINUTES,
    teacher,
    ...options
  }: HealOptions & {
    readonly teacher?: NamedTeacher | undefined;
    readonly originalTables?: ModelTables | undefined;
    readonly state?: TrainingStateOptions | undefined;
    readonly job: Job | undefined;
  },
): Promise<PlannedSwap> {
  const { objective, learn, originalTables, rate, context } = options;
  const { batchTokens, seed, finishSignal, state, job } = options;
  const { compute, train } = stages(job, { compute: 1, train: TRAINING_WEIGHT });
  const tokenizer = tokenizerOf(planned.plan.target);
  const place = transformer.schedule.kind === "whole" ? "memory" : "file";
  const { tables, close } = await produceTables(planned, model, { place, job: compute });
  let trained: TrainedRows;
  try {
    refuseFinished(finishSignal);
    train?.onProgress?.({ type: "step", step: "train rows" });
    const { trainRows } = await import("@revocab/rows-training");
    const frozen = learn === "new" ? await copiedRows(tables, originalTables as ModelTables, job) : undefined;
    trained = await trainRows({
      transformer,
      tables,
      tokenizer,
      documents: text.documents,
      objective,
      teacher,
      budget,
      learn: learn === "new" ? "text" : learn,
      frozen,
      rate,
      context,
      batchTokens,
      seed,
      finishSignal,
      state,
      job: train,
    });
  } finally {
    await close();
  }
  const { plan, rowSource } = replaceRows(planned, model, trained.tables, HEALED);
  const notes = [
    ...text.notes.map((note) => `the text of the training: ${note}`),
    ...beginNotes(tokenizer, teacher),
  ];
  const training = trainingOf(trained, textOf(text), { ...options, budget, teacher });
  return { plan: { ...plan, notes: [...plan.notes, ...notes], training }, rowSource };
}

/** Training that was told to end before it began has no rows to keep. */
function refuseFinished(finishSignal: AbortSignal | undefined): void {
  if (finishSignal?.aborted !== true) return;
  throw new RevocabError("aborted", "stopped before any row was trained; nothing was written", {
    hint: "run it again to start over",
  });
}

function trainingOf(
  { report }: TrainedRows,
  text: TrainingText,
  {
    budget,
    learn = "text",
    context,
    batchTokens,
    teacher,
  }: Omit<HealOptions, "budget"> & {
    readonly budget: TrainingBudget;
    readonly teacher?: NamedTeacher | undefined;
  },
): PlanTraining {
  return {
    text,
    ...(teacher && { teacher: teacher.name }),
    budget,
    learn: typeof learn === "string" ? learn : "chosen",
    context: context ?? null,
    batchTokens: batchTokens ?? null,
    ...report,
  };
}

function textOf(text: NamedText): TrainingText {
  const { name, documents, bytes, sha256 } = describeText(text.name, text);
  return { name, documents, bytes, sha256 };
}
