import { basename } from "node:path";
import { type Job, quote, RevocabError, stages } from "@revocab/core";
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
  Objective,
  Teacher,
  TrainedRows,
  TrainingBudget,
  TrainRowsOptions,
} from "@revocab/rows-training";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";

/** How rows are trained on a text. Defaults are those of `trainRows`. */
export interface HealOptions
  extends Pick<TrainRowsOptions, "learn" | "rate" | "context" | "batchTokens" | "seed" | "finishSignal"> {
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
  options: StartHealingOptions,
  job: Job | undefined,
): Promise<Healing> {
  const {
    text: path,
    maxBytes = MOST_BYTES,
    split,
    original,
    objective = "lm",
    hasOwnLayers = false,
  } = options;
  if (path === undefined && original === undefined) throw withoutText();
  const given = path === undefined ? undefined : await readText(path, { maxBytes, split, job });
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  tablesOf(model.checkpoint); // a model without a head predicts nothing
  const transformer = await openTransformer(model.checkpoint, { job });
  const close = async () => void (await Promise.all([transformer.close(), teacher?.transformer?.close()]));
  let teacher: NamedTeacher | undefined;
  try {
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
            { ...options, objective, teacher, job: own },
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

/**
 * What teaches. Layers of its own are read from their files, part by part, so that the memory is that of one model.
 * @throws RevocabError `unsupported_architecture` for layers that give no likelihoods; what `openTransformer` throws
 */
async function openTeacher(
  { name, checkpoint, readable }: OpenModel,
  hasOwnLayers: boolean,
  job: Job | undefined,
): Promise<NamedTeacher> {
  const { openTransformer, tablesOf } = await import("@revocab/transformer-runtime");
  const teacher = { name, tables: tablesOf(checkpoint), tokenizer: readable };
  if (!hasOwnLayers) return teacher;
  const transformer = await openTransformer(checkpoint, { job, layerByLayer: true });
  const { requireTeaching } = await import("@revocab/rows-training/internal");
  requireTeaching(transformer);
  return { ...teacher, transformer };
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

/**
 * Texts of the original.
 * @param transformer the layers that write them with its rows; opened for it where they are not open already
 */
async function writtenText(
  original: OpenModel,
  transformer: OpenTransformer | undefined,
  options: StartHealingOptions,
  job: Job | undefined,
): Promise<TextDocuments> {
  if (transformer !== undefined) return textBy(original, transformer, options, job);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const own = await openTransformer(original.checkpoint, { job });
  try {
    return await textBy(original, own, options, job);
  } finally {
    await own.close();
  }
}

async function textBy(
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
  const bytes = documents.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { documents, bytes, boundary: "none", isWhole: true, notes: [] };
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
  }: HealOptions & { readonly teacher?: NamedTeacher; readonly job: Job | undefined },
): Promise<PlannedSwap> {
  const { objective, learn, rate, context, batchTokens, seed, finishSignal, job } = options;
  const { compute, train } = stages(job, { compute: 1, train: TRAINING_WEIGHT });
  const tokenizer = tokenizerOf(planned.plan.target);
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
      tokenizer,
      documents: text.documents,
      objective,
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
  const notes = [
    ...text.notes.map((note) => `the text of the training: ${note}`),
    ...beginNotes(tokenizer, teacher),
  ];
  const training = trainingOf(trained, textOf(text), { ...options, budget, teacher });
  return { plan: { ...plan, notes: [...plan.notes, ...notes], training }, rowSource };
}

/** Layers that always saw a BOS at the beginning may lean on it. */
function beginNotes({ vocabulary }: Tokenizer, teacher: NamedTeacher | undefined): string[] {
  const begin = teacher?.tokenizer.vocabulary.idOfRole("bos");
  if (teacher === undefined || begin === undefined || vocabulary.idOfRole("bos") !== undefined) return [];
  const token = quote(teacher.tokenizer.vocabulary.tokenOf(begin));
  return [
    `${teacher.name} reads every text after ${token}, and the trained tokenizer has no such token: what it teaches may be out of reach`,
  ];
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
