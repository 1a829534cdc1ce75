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
import type { ScoringOptions } from "@revocab/measure";
import {
  type OpenModel,
  openModel,
  openPlan,
  type PlannedSwap,
  type Recipe,
  type SwapPlan,
  summarizePlan,
  tokenizerOf,
} from "@revocab/plan";
import { checkFit, produceTables } from "@revocab/plan/internal";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { fingerprint, type Tokenizer } from "@revocab/vocabulary";
import { type ReviewedReport, readReport } from "./read-report.ts";
import { type MethodOfRecipe, reviewLeaveOut } from "./review-leave-out.ts";
import { type ReviewedTables, reviewTables } from "./review-tables.ts";
import { reviewText } from "./review-text.ts";
import { explainBySpelling, explainByWeights } from "./row-explanations.ts";
import { rowGroups } from "./row-groups.ts";
import type { ReviewedEvaluation, SwapReview } from "./swap-review.ts";

export interface ReviewSwapOptions extends OpenCheckpointOptions {
  /** A model folder that revocab wrote, or a plan file. */
  readonly subject: string;
  /** The model before the swap: a folder. @default what needs it is left out, and `notes` say what */
  readonly source?: string;
  /** A text to score before and after, token by token. @default the scores that the report has */
  readonly evaluate?: Omit<ScoringOptions, "job">;
  /** The methods of the swap, to try them on rows that are hidden from them. @default they are not tried */
  readonly methodOf?: MethodOfRecipe;
  /** Say what the rows of all tokens are made of: some 50 bytes a token. @default false */
  readonly explain?: boolean;
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
  const { subject, source: path } = options;
  const isModel = await isFolder(subject);
  const source = path === undefined ? undefined : await openModel(path, options);
  try {
    return isModel ? await reviewModel(options, source) : await reviewPlan(options, source);
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

async function reviewModel(options: ReviewSwapOptions, source: OpenModel | undefined): Promise<SwapReview> {
  const { subject, evaluate, explain = false, job } = options;
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
    const groups = rowGroups(alignment);
    return {
      kind: "model",
      name: basename(resolve(subject)),
      report,
      summary: report,
      evaluation,
      leaveOut: await hiddenRows(options, source, tokenizer, report.recipe),
      ...reviewed,
      explanations:
        explain && alignment !== undefined && source !== undefined
          ? explainBySpelling("input", alignment, source.tokenizer.vocabulary, groups.of)
          : null,
      notes: [
        ...(source === undefined ? [withoutSource(report.inputs.source.name)] : []),
        ...(evaluation === null ? [NOT_MEASURED] : []),
      ],
    };
  } finally {
    await model.close();
  }
}

async function reviewPlan(options: ReviewSwapOptions, source: OpenModel | undefined): Promise<SwapReview> {
  const { subject, evaluate, explain = false } = options;
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
    const { vocabulary } = tokenizerOf(plan.target);
    const reviewed =
      source === undefined
        ? { tables: [], tokens: {}, sourceTokens: {} }
        : await reviewPlannedTables(planned, source, vocabulary, options);
    const input = plan.tables.find(({ slot }) => slot === "input");
    return {
      kind: "plan",
      name: basename(subject),
      report: null,
      summary: summarizePlan(plan),
      evaluation: null,
      leaveOut: await hiddenRows(options, source, tokenizerOf(plan.target), plan.recipe),
      ...reviewed,
      explanations: explain && input !== undefined ? explainByWeights(plan, input) : null,
      notes: source === undefined ? [withoutSource(plan.source.name)] : notedSlots(plan),
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
  return {
    text,
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

async function hiddenRows(
  { methodOf, job }: ReviewSwapOptions,
  source: OpenModel | undefined,
  target: Tokenizer,
  recipe: Recipe,
): Promise<SwapReview["leaveOut"]> {
  if (methodOf === undefined || source === undefined) return null;
  return (await reviewLeaveOut({ source, target, recipe, methodOf, job: quiet(job) })) ?? null;
}
