import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import {
  type Alignment,
  type Job,
  quiet,
  RevocabError,
  stages,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import type { LeaveOut, ScoringOptions } from "@revocab/measure";
import {
  type OpenModel,
  openModel,
  openPlan,
  type PlannedSwap,
  type SwapPlan,
  summarizePlan,
  tokenizerOf,
} from "@revocab/plan";
import { checkFit, produceTables } from "@revocab/plan/internal";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { fingerprint } from "@revocab/vocabulary";
import { type ReviewedReport, readReport } from "./read-report.ts";
import { type MethodOfRecipe, reviewLeaveOut } from "./review-leave-out.ts";
import { type ReviewedTables, reviewTables } from "./review-tables.ts";
import { reviewText } from "./review-text.ts";
import { originsOfPlan, originsPlannedAgain, type RowOrigins } from "./row-origins.ts";
import type { ReviewedEvaluation, SwapReview } from "./swap-review.ts";

export interface ReviewSwapOptions extends OpenCheckpointOptions {
  /** A model folder that revocab wrote, or a plan file. */
  readonly subject: string;
  /** The model before the swap: a folder. @default what needs it is left out, and `notes` say what */
  readonly source?: string;
  /** A text to score before and after, token by token. @default the scores that the report has */
  readonly evaluate?: Omit<ScoringOptions, "job">;
  /** The methods of the swap: they are tried on rows that are hidden from them, and say what the rows of a written model are. @default neither is done */
  readonly methodOf?: MethodOfRecipe;
  /** Rows of each table on a map. @default 20_000 */
  readonly sample?: number;
  /** Decides which rows are on a map, and whose nearest rows are found. @default 0 */
  readonly seed?: number;
  readonly job?: Job;
}

/**
 * What a swap did to a model: from the folder that it wrote, or from a plan. With the source model rows are compared with those before; with a
 * text the losses of tokens. Tables are read in blocks; a model is in memory only while it scores the text.
 *
 * @throws RevocabError `missing_file`, `bad_file`, `bad_plan` for what is neither; `apply_mismatch` for another source than that of the
 *   swap; `bad_options` for a plan and a text; what opening and scoring a model throws; `aborted`
 */
export async function reviewSwap(options: ReviewSwapOptions): Promise<SwapReview> {
  return (await exploreSwap(options)).review;
}

/** A review, and what a page needs for a reader who asks for any token. */
export interface ExploredSwap {
  readonly review: SwapReview;
  /** Of the new tokens. */
  readonly vocabulary: Vocabulary;
  /** Of the source's tokens; undefined without the source model. */
  readonly sourceVocabulary: Vocabulary | undefined;
  /** Of the input table. Undefined for a model whose rows cannot be planned again, of which a plan would tell. */
  readonly origins: RowOrigins | undefined;
}

/**
 * {@link reviewSwap}, with the vocabulary and what each row is made of. The rows of a written model are planned again by `methodOf`, and compared with the
 * written ones.
 * @throws RevocabError as `reviewSwap` does
 */
export async function exploreSwap(options: ReviewSwapOptions): Promise<ExploredSwap> {
  const { subject, source: path } = options;
  const isModel = await isFolder(subject);
  const source = path === undefined ? undefined : await openModel(path, options);
  try {
    return isModel ? await exploreModel(options, source) : await explorePlan(options, source);
  } finally {
    await source?.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) return found.isDirectory();
  throw new RevocabError(
    "missing_file",
    `there is no ${path}, expected a model that revocab wrote, or a plan`,
    {
      hint: "give the folder that `swapTokenizer` has written, or the file that `savePlan` has written",
    },
  );
}

async function exploreModel(
  options: ReviewSwapOptions,
  source: OpenModel | undefined,
): Promise<ExploredSwap> {
  const { subject, evaluate, job } = options;
  const report = await readReport(subject);
  if (source !== undefined) checkSource(report, source);
  const model = await openModel(subject, source?.tensorOptions ?? options);
  try {
    const { rows, text } = stages(job, { rows: 1, text: evaluate === undefined ? 0 : 4 });
    const evaluation =
      evaluate === undefined
        ? reportedEvaluation(report)
        : await reviewText(source, model, { ...evaluate, job: text });
    const { tokenizer, checkpoint } = model;
    const alignment = source && alignedWith(source, tokenizer.vocabulary, job);
    const reviewed = await reviewTables({
      ...options,
      source,
      alignment,
      tables: checkpoint.tables,
      vocabulary: tokenizer.vocabulary,
      dearest: dearestOf(evaluation),
      job: rows,
    });
    const made = source && (await madeAgain(options, source, model, report));
    return {
      vocabulary: tokenizer.vocabulary,
      sourceVocabulary: source?.tokenizer.vocabulary,
      origins: made?.origins,
      review: {
        kind: "model",
        name: basename(resolve(subject)),
        report,
        summary: summaryOf(report),
        evaluation,
        leaveOut: made?.leaveOut ?? null,
        ...reviewed,
        notes: [
          ...(source === undefined ? [withoutSource(report.inputs.source.name)] : []),
          ...(evaluation === null ? [NOT_MEASURED] : []),
        ],
      },
    };
  } finally {
    await model.close();
  }
}

/** The part of a report that a plan has, too. */
function summaryOf({
  recipe: { edit: _, ...recipe },
  source,
  target,
  alignment,
  digits,
  tables,
  training,
  notes,
}: ReviewedReport): SwapReview["summary"] {
  return { recipe, source, target, alignment, digits, tables, training, notes };
}

/** What the method of the swap does when it is run again. */
async function madeAgain(
  options: ReviewSwapOptions,
  source: OpenModel,
  { checkpoint, tokenizer: target }: OpenModel,
  { recipe }: ReviewedReport,
): Promise<
  { readonly origins: RowOrigins | undefined; readonly leaveOut: LeaveOut | undefined } | undefined
> {
  const job = quiet(options.job);
  const method = await options.methodOf?.(recipe.methods);
  const written = checkpoint.tables.find(({ slot }) => slot === "input");
  if (method === undefined || written === undefined) return undefined;
  return unlessFileIsMissing(async () => ({
    origins: await originsPlannedAgain({ source, target, written, method, seed: recipe.seed, job }),
    leaveOut: await reviewLeaveOut({ source, target, recipe, method, job }),
  }));
}

/** A recipe names files without their folders, so a method that reads files may not find them. */
async function unlessFileIsMissing<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RevocabError && error.code === "missing_file") return undefined;
    throw error;
  }
}

async function explorePlan(options: ReviewSwapOptions, source: OpenModel | undefined): Promise<ExploredSwap> {
  const { subject, evaluate, job } = options;
  if (evaluate !== undefined) {
    throw new RevocabError(
      "bad_options",
      `\`text\` was given, but ${subject} is a plan and no model that could read it`,
      {
        hint: "write the model with `applyPlan` and review that, or leave `text` out",
      },
    );
  }
  const planned = await openPlan(subject);
  const { plan, rowSource } = planned;
  try {
    const target = tokenizerOf(plan.target);
    const { vocabulary } = target;
    const reviewed =
      source === undefined
        ? { tables: [], tokens: {}, sourceTokens: {} }
        : await reviewPlannedTables(planned, source, vocabulary, options);
    const { recipe } = plan;
    const method = source && (await options.methodOf?.(recipe.methods));
    const leaveOut =
      source &&
      method &&
      (await unlessFileIsMissing(() => reviewLeaveOut({ source, target, recipe, method, job: quiet(job) })));
    return {
      vocabulary,
      sourceVocabulary: source?.tokenizer.vocabulary,
      origins: originsOfPlan(plan, source),
      review: {
        kind: "plan",
        name: basename(subject),
        report: null,
        summary: summarizePlan(plan),
        evaluation: null,
        leaveOut: leaveOut ?? null,
        ...reviewed,
        notes: source === undefined ? [withoutSource(plan.source.name)] : notedSlots(plan),
      },
    };
  } finally {
    await rowSource.close();
  }
}

async function reviewPlannedTables(
  planned: PlannedSwap,
  source: OpenModel,
  vocabulary: Vocabulary,
  options: ReviewSwapOptions,
): Promise<ReviewedTables> {
  const { job } = options;
  checkFit(planned.plan, source);
  const { tables, close } = await produceTables(planned, source, { place: "file", job: quiet(job) });
  try {
    const { input, output } = tables;
    return await reviewTables({
      ...options,
      source,
      alignment: alignedWith(source, vocabulary, job),
      tables: [
        { slot: "input", role: "input", isBias: false, matrix: input },
        ...(output === input
          ? []
          : [{ slot: "output", role: "output" as const, isBias: false, matrix: output }]),
      ],
      vocabulary,
      dearest: [],
      job,
    });
  } finally {
    await close();
  }
}

function withoutSource(name: string): string {
  return (
    `rows are not compared with those of the source model (${name}): pass it as \`source\` to see norms before, which rows are copies, ` +
    "and what new tokens were there"
  );
}

const NOT_MEASURED = "nothing was measured: pass a `text` to see what it costs, token by token";

function notedSlots({ tables }: SwapPlan): string[] {
  const others = tables.map(({ slot }) => slot).filter((slot) => !/^(input|output|output\.bias)$/.test(slot));
  return others.length === 0
    ? []
    : [`rows of ${others.join(", ")} are not shown of a plan, but of the model that it writes`];
}

/** @throws RevocabError `apply_mismatch` */
function checkSource({ inputs, source: reported }: ReviewedReport, source: OpenModel): void {
  const mark = fingerprint(source.tokenizer.vocabulary);
  const { name, fingerprint: expected } = inputs.source;
  if (mark === expected && source.checkpoint.rows === reported.rows) return;
  throw new RevocabError(
    "apply_mismatch",
    `the report was made of a swap of ${name}, with ${reported.rows} rows and the vocabulary ${expected.slice(0, 12)}, but ${source.name} ` +
      `has ${source.checkpoint.rows} rows and the vocabulary ${mark.slice(0, 12)}`,
    { hint: `pass ${name} as \`source\`, or leave it out` },
  );
}

function alignedWith(source: OpenModel, target: Vocabulary, job: Job | undefined): Alignment {
  return alignVocabularies({ source: source.readable.vocabulary, target, job: quiet(job) });
}

function reportedEvaluation({ evaluation }: ReviewedReport): ReviewedEvaluation | null {
  if (evaluation === null) return null;
  const { text, before, after, byToken = null } = evaluation;
  const { name, documents, bytes } = text;
  return {
    text: { name, documents, bytes },
    before,
    after,
    byToken,
    notes: [
      ...text.notes,
      ...before.notes.map((note) => `before: ${note}`),
      ...after.notes.map((note) => `after: ${note}`),
    ],
  };
}

/** New tokens that cost most: their nearest rows are what one looks for first. */
function dearestOf(evaluation: ReviewedEvaluation | null): readonly TokenId[] {
  return (evaluation?.byToken?.after.tokens ?? []).slice(0, 50).map(({ id }) => id);
}
