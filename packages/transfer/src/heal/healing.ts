import { basename } from "node:path";
import { type Job, RevocabError, stages } from "@revocab/core";
import { writtenTexts } from "@revocab/embedding-init/internal";
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
import { produceTables, sourceModel } from "@revocab/plan/internal";
import type {
  Teacher,
  TrainedRows,
  TrainingBudget,
  TrainingStateOptions,
  TrainRowsOptions,
} from "@revocab/rows-training";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import { copiedRows } from "./copied-rows.ts";

/** How rows are trained on a text. Defaults are those of `trainRows`. */
export interface HealOptions
  extends Pick<TrainRowsOptions, "rate" | "context" | "batchTokens" | "seed" | "finishSignal"> {
  /**
   * `new`: of tokens that the text has, those whose row is none of the rows that the model had before its tokenizer was changed. Copied rows
   * stay as they are, byte for byte. @default "text"
   */
  readonly learn?: TrainRowsOptions["learn"] | "new";
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

/** How the rows of a swap or of an edit are trained. */
export interface SwapHealOptions extends HealOptions {
  /**
   * Token Distillation: besides the text, the hidden states teach that the model gives for it in its own tokens. A step takes about half
   * as long again.
   * @default false
   * @see https://arxiv.org/abs/2505.20133
   */
  readonly distill?: boolean;
}

/** {@link HealOptions} with the model before its tokenizer was swapped or edited. */
export interface StartHealingOptions extends HealOptions {
  /** With the rows and the tokenizer that the layers were trained with; it writes, and teaches. */
  readonly original?: OpenModel;
  /** Whether its hidden states teach. @default false */
  readonly distill?: boolean;
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
  const { text: path, maxBytes = MOST_BYTES, split, original, distill = false, seed } = options;
  if (path === undefined && original === undefined) throw withoutText();
  const training = await import("@revocab/rows-training/internal");
  const given = path === undefined ? await keptText(options) : await readText(path, { maxBytes, split, job });
  if (given !== undefined) training.requireTrainableText(given.documents, seed);
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  tablesOf(model.checkpoint); // a model without a head predicts nothing
  const transformer = await openTransformer(model.checkpoint, { job });
  const teacher =
    distill && original !== undefined
      ? { name: original.name, tables: tablesOf(original.checkpoint), tokenizer: original.readable }
      : undefined;
  try {
    training.requireTrainable(transformer);
    const text = given ?? (await writtenText(original as OpenModel, transformer, options, job));
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
      close: () => transformer.close(),
    };
  } catch (error) {
    await transformer.close();
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

/** Texts of the original, written by the layers with its rows. */
async function writtenText(
  original: OpenModel,
  transformer: OpenTransformer,
  { written = WRITTEN, seed = 0 }: StartHealingOptions,
  job: Job | undefined,
): Promise<TextDocuments> {
  const model = await sourceModel(original, { open: async () => transformer })();
  const documents = await writtenTexts(model, {
    tokens: written,
    seed,
    hints: HINTS,
    step: "train rows",
    job,
  });
  return asText(documents);
}

/** The text that was written before a training was stopped: written again by more threads, it might be another one. */
async function keptText({ state }: StartHealingOptions): Promise<TextDocuments | undefined> {
  if (state === undefined) return undefined;
  const { keptDocuments } = await import("@revocab/rows-training/internal");
  const documents = await keptDocuments(state);
  return documents && asText(documents);
}

function asText(documents: readonly string[]): TextDocuments {
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { documents, bytes, boundary: "none", isWhole: true, notes: [] };
}

/** A text that was written is kept, and a training goes on only where as much of the same model was asked for. */
function stateOf({ state: path, text, original, written = WRITTEN }: StartHealingOptions) {
  if (path === undefined) return undefined;
  if (text !== undefined) return { path };
  return { path, withDocuments: true, recipe: { written: `${written} tokens by ${original?.name}` } };
}

const WRITTEN = 100_000;
const HINTS = {
  withoutText: "give a `text` to train rows on",
  withoutMemory: "give a `text` to train rows on, which needs no more memory; or more `memory`",
};

/** Rows and tokenizer that teach. */
interface NamedTeacher extends Teacher {
  readonly name: string;
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
  const { learn, originalTables, rate, context, batchTokens, seed, finishSignal, state, job } = options;
  const { compute, train } = stages(job, { compute: 1, train: TRAINING_WEIGHT });
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
      tokenizer: tokenizerOf(planned.plan.target),
      documents: text.documents,
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
  const notes = text.notes.map((note) => `the text of the training: ${note}`);
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
