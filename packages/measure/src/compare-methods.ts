import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import {
  type InitMethod,
  type Job,
  quiet,
  RevocabError,
  type RevocabErrorCode,
  stages,
  throwIfAborted,
} from "@revocab/core";
import {
  type CandidateChoice,
  closeMethod,
  type MethodCandidate,
  methodsOf,
  methodText,
} from "@revocab/embedding-init";
import { bitsPerByteOf, type Evaluation } from "@revocab/evaluation";
import type { TextDocuments } from "@revocab/files";
import {
  type DonorOptions,
  type FittingOptions,
  fitTokenizer,
  openModel,
  type PlanOptions,
} from "@revocab/plan";
import {
  countTableBytes,
  donorOf,
  makePlanOfSharedMethods,
  type ProducedTables,
  planTables,
  produceTables,
  sourceModel,
  splitsOfNumbers,
  withDonor,
} from "@revocab/plan/internal";
import type { TrainingReport } from "@revocab/rows-training";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import { type ComparingOptions, type ComparisonTexts, readComparisonTexts } from "./comparison-texts.ts";
import { startTokensIn } from "./encoder-source.ts";
import { labelledProgress, prepareTables } from "./evaluate-model.ts";
import type { LeaveOut } from "./leave-out/leave-out.ts";
import { ScoreQueue, type ScoresToGive } from "./score-queue.ts";
import { trainTables } from "./train-tables.ts";

export type CompareOptions = Omit<CompareOpenedOptions, "model" | "tokenizer" | "fitting" | "donor"> &
  FittingOptions &
  DonorOptions &
  OpenCheckpointOptions & {
    /** Model folder. */
    readonly model: string;
    /** Tokenizer folder, tokenizer.json or SentencePiece `.model`. */
    readonly tokenizer: string;
  };

export type CompareOpenedOptions = Omit<PlanOptions, "method" | "transformer"> &
  ComparingOptions & {
    /** What to try; see `methodCandidates`. */
    readonly choice: CandidateChoice;
  };

export interface MethodComparison {
  /** What was scored. */
  readonly text: ComparedText;
  /** What the rows of each method were trained on. Only with the option `after`. */
  readonly training?: { readonly steps: number; readonly text: ComparedText };
  /** The source model with its own tokenizer. */
  readonly source: Evaluation;
  /** In the order they were tried. */
  readonly methods: readonly ComparedMethod[];
  readonly leftOut: CandidateChoice["leftOut"];
  /** What the two tokenizers mean for any method; only of `compareMethods`, for a swap has it among its own notes. */
  readonly notes?: readonly string[];
  /** The index into `methods` of the lowest bits per byte, those after training where rows were trained; ties go to the lowest index. */
  readonly best: number;
}

export interface ComparedText {
  readonly bytes: number;
  readonly documents: number;
  readonly notes: readonly string[];
}

export interface ComparedMethod {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Its index among the given candidates. */
  readonly candidate: number;
  /** What the model scores with the rows of this method, before any training. */
  readonly evaluation: Evaluation;
  /** What it scores with trained rows. Only with the option `after`. */
  readonly after?: { readonly evaluation: Evaluation; readonly training: TrainingReport };
  readonly leaveOut: LeaveOut;
  /** All that it cost before any training: its rows, the test on hidden rows, and its share of the score. */
  readonly seconds: number;
  /** Of these, the time to compute the rows: what a swap with this method takes. */
  readonly rowSeconds: number;
}

/**
 * Tries methods on a text and on hidden rows. The tables of each method are computed in memory, and nothing is written. Where the
 * model is run layer by layer, the texts of all methods go through each layer together; tables that memory has no room for are in a
 * scratch file until then. With `after`, the rows of each method are trained on the same texts in the same order, one method after another.
 * @throws RevocabError as `makePlan` and `evaluateModel` do; `bad_options` when no method can be tried; with `after` also as `trainRows`
 */
export async function compareMethods(options: CompareOptions): Promise<MethodComparison> {
  const model = await openModel(options.model, options);
  try {
    const target = await fitTokenizer(
      await loadTokenizer(options.tokenizer, { reading: "file" }),
      model.tokenizer,
      options,
    );
    return await withDonor(options, async (donor) => {
      const opened = { ...options, ...target, model, donor };
      return { ...(await compareOpened(opened)), notes: await notesOnNumbers(opened) };
    });
  } finally {
    await model.close();
  }
}

async function notesOnNumbers(options: CompareOpenedOptions): Promise<readonly string[]> {
  const { model, tokenizer, job } = options;
  const alignment = alignVocabularies({
    source: model.readable.vocabulary,
    target: tokenizer.vocabulary,
    job: quiet(job),
  });
  return (await splitsOfNumbers(options, alignment)).notes;
}

/** {@link compareMethods} of an open model. */
async function compareOpened(options: CompareOpenedOptions): Promise<MethodComparison> {
  const texts = await readComparisonTexts(options);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const transformer = await openTransformer(options.model.checkpoint, { job: options.job });
  try {
    if (texts.training !== undefined) {
      const { requireTrainable } = await import("@revocab/rows-training/internal");
      requireTrainable(transformer);
    }
    const queue = new ScoreQueue(transformer);
    try {
      return await compare(transformer, queue, texts, options);
    } finally {
      await queue.close();
      await closeMethods(options);
    }
  } finally {
    await transformer.close();
  }
}

/**
 * Candidates may share a method, and all have the same fallback: closed after each candidate, a hypernetwork would load its
 * weights again for the next.
 */
function closeMethods({ choice, fallback }: CompareOpenedOptions): Promise<void> {
  const all = [...choice.candidates.map(({ method }) => method), ...(fallback ? [fallback] : [])];
  return closeMethod({ kind: "chain", methods: all.flatMap(methodsOf) });
}

async function compare(
  transformer: OpenTransformer,
  queue: ScoreQueue,
  texts: ComparisonTexts,
  options: CompareOpenedOptions,
): Promise<MethodComparison> {
  const { model, choice, job } = options;
  const { scored, training } = texts;
  const leftOut = [...choice.leftOut];
  const { candidates } = choice;
  const isWhole = transformer.schedule.kind === "whole";
  const ofMethod = { rows: 3, train: training === undefined ? 0 : 9, score: isWhole ? 1 : 0 };
  const parts = stages<string>(job, {
    source: 1,
    ...Object.fromEntries(
      candidates.map((_, i) => [`method ${i}`, ofMethod.rows + ofMethod.train + ofMethod.score]),
    ),
    // layer by layer, all are scored in the end
    scores: isWhole ? 0 : 1 + candidates.length,
  });
  const steps = (label: string, own: Job | undefined) => ({ ...options, job: labelledProgress(own, label) });
  const ofSource = steps("source model", parts.source);
  const ownScoring = { ...ofSource, job: quiet(job) };
  const sourceScoring = await prepareTables(transformer, undefined, model.readable, scored, ownScoring);
  await queue.add({ scorings: [sourceScoring] }, ofSource.job);
  const tried: TriedMethod[] = [];
  for (const [index, candidate] of candidates.entries()) {
    throwIfAborted(job?.abortSignal);
    const label = labelOf(candidate);
    const own = stages(steps(label, parts[`method ${index}`]).job, ofMethod);
    const attempt = tryMethod(candidate, transformer, queue, { ...options, job: own.rows });
    const method = await attempt.catch((error: unknown) => {
      if (!(error instanceof RevocabError) || !LEFT_OUT.has(error.code)) throw error;
      leftOut.push({ name: label, reason: error.message });
    });
    if (method === undefined) continue;
    const { produced, ...figures } = method;
    const scores = await scoresOf(produced, transformer, queue, texts, { ...options, job: own.train });
    await queue.add(scores, own.score);
    tried.push({ ...figures, candidate: index, training: scores.training });
  }
  if (tried.length === 0) {
    throw new RevocabError(
      "bad_options",
      `none of ${choice.candidates.length} methods can be tried here: ${leftOut.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`,
      { hint: "pass `untie` or `role`, or name other methods" },
    );
  }
  const [[source], ...evaluations] = await queue.finish(labelledProgress(parts.scores, "all methods"));
  const methods = tried.map((method, i) => comparedMethod(method, evaluations[i]));
  const figures = methods.map(({ evaluation, after }) => bitsPerByteOf((after ?? { evaluation }).evaluation));
  return {
    text: describe(scored),
    ...(training && { training: { steps: training.steps, text: describe(training.text) } }),
    source,
    methods,
    leftOut,
    best: figures.indexOf(Math.min(...figures)),
  };
}

function describe({ bytes, documents, notes }: TextDocuments): ComparedText {
  return { bytes, documents: documents.length, notes };
}

/** @param evaluations before any training, and after it */
function comparedMethod(
  { training, ...method }: TriedMethod,
  [evaluation, trained]: readonly Evaluation[],
): ComparedMethod {
  return {
    ...method,
    evaluation,
    ...(training && { after: { evaluation: trained, training } }),
    seconds: method.seconds + evaluation.seconds,
  };
}

/**
 * Without a method that fails so the others are tried: its rows differ by role and it needs `untie` or `role`, or it runs the model and
 * cannot run one with an encoder.
 */
const LEFT_OUT: ReadonlySet<RevocabErrorCode> = new Set(["needs_untie", "unsupported_architecture"]);

async function tryMethod(
  { name, options: methodOptions, method }: MethodCandidate,
  transformer: OpenTransformer,
  queue: ScoreQueue,
  options: CompareOpenedOptions,
): Promise<Omit<TriedMethod, "candidate"> & { readonly produced: ProducedTables }> {
  const { model } = options;
  const started = performance.now();
  const planned = await makePlanOfSharedMethods({ ...options, method, transformer });
  const place = queue.reserve(countTableBytes(planned.plan, model).after);
  const produced = await produceTables(planned, model, { place, job: options.job }).finally(() =>
    planned.rowSource.close(),
  );
  try {
    const rowSeconds = secondsSince(started);
    const leaveOut = await measureLeaveOut(transformer, method, options);
    return { name, options: methodOptions, produced, leaveOut, seconds: secondsSince(started), rowSeconds };
  } catch (error) {
    await produced.close();
    throw error;
  }
}

/** What the tables of a method are to be asked, and the same of those with trained rows. It takes over the tables. */
async function scoresOf(
  { tables, close }: ProducedTables,
  transformer: OpenTransformer,
  queue: ScoreQueue,
  { scored, training }: ComparisonTexts,
  options: CompareOpenedOptions,
): Promise<ScoresToGive & { readonly training?: TrainingReport }> {
  const { model, tokenizer, context, seed, job } = options;
  try {
    const startTokens = startTokensIn(tokenizer.vocabulary, transformer, model.readable.vocabulary);
    const own = { ...options, job: quiet(job) };
    const scoring = await prepareTables(transformer, { ...tables, startTokens }, tokenizer, scored, own);
    if (training === undefined) return { scorings: [scoring], close };
    const { documents } = training.text;
    const budget = { kind: "steps", steps: training.steps } as const;
    const trained = await trainTables(
      { transformer, tables, tokenizer, documents, budget, context, seed, job },
      (bytes) => queue.reserve(bytes),
    );
    return {
      scorings: [scoring, { ...scoring, tables: trained.tables }],
      training: trained.training,
      close: async () => {
        await trained.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

/** A method that was tried, before its scores. */
type TriedMethod = Omit<ComparedMethod, "evaluation" | "after"> & { readonly training?: TrainingReport };

async function measureLeaveOut(
  transformer: OpenTransformer,
  method: InitMethod,
  options: CompareOpenedOptions,
): Promise<LeaveOut> {
  const { model, tokenizer, seed, job } = options;
  const { tables, chain } = planTables({ ...options, method });
  const donor = donorOf(options.donor, tokenizer, chain, job);
  const { leaveOut } = await import("./leave-out/leave-out.ts");
  return leaveOut({
    source: {
      tokenizer: model.readable,
      tables,
      model: sourceModel(model, { open: async () => transformer }),
      rotary: model.checkpoint.rotary,
    },
    target: tokenizer,
    ...(donor !== undefined && { donor: async () => donor }),
    method: chain,
    seed,
    initializerRange: model.checkpoint.initializerRange,
    job,
  });
}

/** A method and its options as one word: `subtoken-mean:weighting=uniform`. */
export function labelOf({ name, options }: Pick<MethodCandidate, "name" | "options">): string {
  return methodText({ name, options });
}

/** Several methods, of which the best on a text is taken. */
export interface MethodContest {
  readonly kind: "contest";
  /** What to try; see `methodCandidates`. */
  readonly choice: CandidateChoice;
  readonly scoring: Omit<ComparingOptions, "job">;
}

/** The methods that may be picked: one, or those of a contest. */
export function candidatesOf(method: InitMethod | MethodContest): readonly InitMethod[] {
  return method.kind === "contest" ? method.choice.candidates.map((candidate) => candidate.method) : [method];
}

export interface PickedMethod {
  readonly method: InitMethod;
  /** Where it was the best of several. */
  readonly comparison?: MethodComparison;
}

/**
 * The method itself, or the best of a contest on its text, with the comparison.
 * @throws RevocabError as `compareMethods` does
 */
export async function pickMethod(
  method: InitMethod | MethodContest,
  options: Omit<PlanOptions, "method" | "transformer">,
): Promise<PickedMethod> {
  if (method.kind !== "contest") return { method };
  const { choice, scoring } = method;
  const comparison = await compareOpened({ ...options, ...scoring, choice });
  const { candidate } = comparison.methods[comparison.best] as ComparedMethod;
  return { method: (choice.candidates[candidate] as MethodCandidate).method, comparison };
}
