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
import type { Teacher, TrainedRows, TrainingBudget, TrainRowsOptions } from "@revocab/rows-training";
import type { OpenTransformer } from "@revocab/transformer-runtime";

/** How rows are trained on a text. Defaults are those of `trainRows`. */
export interface HealOptions
  extends Pick<TrainRowsOptions, "learn" | "rate" | "context" | "batchTokens" | "seed" | "finishSignal"> {
  /** A UTF-8 file like what the model is to read and write. */
  readonly text: string;
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

/** Rows and tokenizer that the layers were trained with. */
export interface NamedTeacher extends Teacher {
  readonly name: string;
}

/** The model itself, before its tokenizer is swapped or edited. */
export async function teacherOf({ name, checkpoint, readable: tokenizer }: OpenModel): Promise<NamedTeacher> {
  const { tablesOf } = await import("@revocab/transformer-runtime");
  return { name, tables: tablesOf(checkpoint), tokenizer };
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
 * @throws RevocabError `missing_file`, `bad_text`, `unsupported_checkpoint`; what `openTransformer` throws
 */
export async function startHealing(
  model: OpenModel,
  options: HealOptions & { readonly teacher?: NamedTeacher },
  job: Job | undefined,
): Promise<Healing> {
  const { text: path, maxBytes = MOST_BYTES, split } = options;
  const text = await readText(path, { maxBytes, split, job });
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  tablesOf(model.checkpoint); // a model without a head predicts nothing
  const transformer = await openTransformer(model.checkpoint, { job });
  return {
    transformer,
    async heal(planned, own) {
      try {
        return await healPlan(planned, model, transformer, text, { ...options, job: own });
      } catch (error) {
        await planned.rowSource.close();
        throw error;
      }
    },
    close: () => transformer.close(),
  };
}

/** Trains the tables that the plan would write, and puts the trained rows into the plan. */
async function healPlan(
  planned: PlannedSwap,
  model: OpenModel,
  transformer: OpenTransformer,
  text: TextDocuments,
  {
    budget = TEN_MINUTES,
    teacher,
    ...options
  }: HealOptions & { readonly teacher?: NamedTeacher; readonly job: Job | undefined },
): Promise<PlannedSwap> {
  const { learn, rate, context, batchTokens, seed, finishSignal, job } = options;
  const { compute, train } = stages(job, { compute: 1, train: TRAINING_WEIGHT });
  const place = transformer.schedule.kind === "whole" ? "memory" : "file";
  const { tables, close } = await produceTables(planned, model, { place, job: compute });
  let trained: TrainedRows;
  try {
    refuseFinished(finishSignal);
    train?.onProgress?.({ type: "step", step: "train rows" });
    const { trainRows } = await import("@revocab/rows-training");
    trained = await trainRows({
      transformer,
      tables,
      tokenizer: tokenizerOf(planned.plan.target),
      documents: text.documents,
      teacher,
      budget,
      learn,
      rate,
      context,
      batchTokens,
      seed,
      finishSignal,
      job: train,
    });
  } finally {
    await close();
  }
  const { plan, rowSource } = replaceRows(planned, model, trained.tables, HEALED);
  const notes = text.notes.map((note) => `the text of the training: ${note}`);
  const training = trainingOf(trained, textOf(options.text, text), { ...options, budget, teacher });
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

function textOf(path: string, text: TextDocuments): TrainingText {
  const { name, documents, bytes, sha256 } = describeText(path, text);
  return { name, documents, bytes, sha256 };
}
