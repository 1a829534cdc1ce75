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
import { type CandidateChoice, closeMethod, type MethodCandidate, methodsOf } from "@revocab/embedding-init";
import { bitsPerByteOf, type Evaluation } from "@revocab/evaluation";
import { readText, type TextDocuments } from "@revocab/files";
import { type FittingOptions, fitTokenizer, openModel, type PlanOptions } from "@revocab/plan";
import {
  countTableBytes,
  makePlanOfSharedMethods,
  type ProducedTables,
  planTables,
  produceTables,
  sourceModel,
} from "@revocab/plan/internal";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { startTokensIn } from "./encoder-source.ts";
import {
  evaluateTogether,
  labelledProgress,
  prepareTables,
  type ScoringOptions,
  type TablesToScore,
} from "./evaluate-model.ts";
import type { LeaveOut } from "./leave-out/leave-out.ts";

export type CompareOptions = Omit<CompareOpenedOptions, "model" | "tokenizer" | "fitting"> &
  FittingOptions &
  OpenCheckpointOptions & {
    /** Model folder. */
    readonly model: string;
    /** Tokenizer folder, tokenizer.json or SentencePiece `.model`. */
    readonly tokenizer: string;
  };

export type CompareOpenedOptions = Omit<PlanOptions, "method" | "transformer"> &
  ScoringOptions & {
    /** What to try; see `methodCandidates`. */
    readonly choice: CandidateChoice;
  };

export interface MethodComparison {
  readonly text: { readonly bytes: number; readonly documents: number; readonly notes: readonly string[] };
  /** The source model with its own tokenizer. */
  readonly source: Evaluation;
  /** In the order they were tried. */
  readonly methods: readonly ComparedMethod[];
  readonly leftOut: CandidateChoice["leftOut"];
  /** The index into `methods` of the lowest bits per byte; ties go to the lowest index. */
  readonly best: number;
}

export interface ComparedMethod {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Its index among the given candidates. */
  readonly candidate: number;
  /** What the model scores with the rows of this method, before any training. */
  readonly evaluation: Evaluation;
  readonly leaveOut: LeaveOut;
  /** All that it cost: its rows, the test on hidden rows, and its share of the score. */
  readonly seconds: number;
  /** Of these, the time to compute the rows: what a swap with this method takes. */
  readonly rowSeconds: number;
}

/**
 * Tries methods on a text and on hidden rows. The tables of each method are computed in memory, and nothing is written. Where the
 * model is run layer by layer, the texts of all methods go through each layer together; tables that memory has no room for are in a
 * scratch file until then.
 * @throws RevocabError as `makePlan` and `evaluateModel` do; `bad_options` when no method can be tried
 */
export async function compareMethods(options: CompareOptions): Promise<MethodComparison> {
  const model = await openModel(options.model, options);
  try {
    const target = await fitTokenizer(
      await loadTokenizer(options.tokenizer, { reading: "file" }),
      model.tokenizer,
      options,
    );
    return await compareOpened({ ...options, ...target, model });
  } finally {
    await model.close();
  }
}

/** {@link compareMethods} of an open model. */
async function compareOpened(options: CompareOpenedOptions): Promise<MethodComparison> {
  const text = await readText(options.text, options);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const transformer = await openTransformer(options.model.checkpoint, { job: options.job });
  try {
    const queue = new ScoreQueue(transformer);
    try {
      return await compare(transformer, queue, text, options);
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
  text: TextDocuments,
  options: CompareOpenedOptions,
): Promise<MethodComparison> {
  const { model, choice, job } = options;
  const leftOut = [...choice.leftOut];
  const { candidates } = choice;
  const isWhole = transformer.schedule.kind === "whole";
  const parts = stages<string>(job, {
    source: 1,
    ...Object.fromEntries(candidates.map((_, i) => [`method ${i}`, isWhole ? 4 : 3])),
    // layer by layer, all are scored in the end
    scores: isWhole ? 0 : 1 + candidates.length,
  });
  const steps = (label: string, own: Job | undefined) => ({ ...options, job: labelledProgress(own, label) });
  const ofSource = steps("source model", parts.source);
  const ownScoring = { ...ofSource, job: quiet(job) };
  await queue.add(
    { scoring: await prepareTables(transformer, undefined, model.readable, text, ownScoring) },
    ofSource.job,
  );
  const tried: TriedMethod[] = [];
  for (const [index, candidate] of candidates.entries()) {
    throwIfAborted(job?.abortSignal);
    const label = labelOf(candidate);
    const own = stages(steps(label, parts[`method ${index}`]).job, { rows: 3, score: isWhole ? 1 : 0 });
    try {
      const { score, ...method } = await tryMethod(candidate, transformer, queue, text, {
        ...options,
        job: own.rows,
      });
      await queue.add(score, own.score);
      tried.push({ ...method, candidate: index });
    } catch (error) {
      if (!(error instanceof RevocabError) || !LEFT_OUT.has(error.code)) throw error;
      leftOut.push({ name: label, reason: error.message });
    }
  }
  if (tried.length === 0) {
    throw new RevocabError(
      "bad_options",
      `none of ${choice.candidates.length} methods can be tried here: ${leftOut.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`,
      { hint: "pass `untie` or `role`, or name other methods" },
    );
  }
  const [source, ...evaluations] = await queue.finish(labelledProgress(parts.scores, "all methods"));
  const methods = tried.map((method, i) => {
    const seconds = method.seconds + evaluations[i].seconds;
    return { ...method, evaluation: evaluations[i], seconds };
  });
  const scores = evaluations.map(bitsPerByteOf);
  const { bytes, documents, notes } = text;
  return {
    text: { bytes, documents: documents.length, notes },
    source,
    methods,
    leftOut,
    best: scores.indexOf(Math.min(...scores)),
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
  text: TextDocuments,
  options: CompareOpenedOptions,
): Promise<Omit<TriedMethod, "candidate"> & { readonly score: ScoreToGive }> {
  const { model, tokenizer } = options;
  const started = performance.now();
  const planned = await makePlanOfSharedMethods({ ...options, method, transformer });
  const place = queue.reserve(countTableBytes(planned.plan, model).after);
  const produced = await produceTables(planned, model, { place, job: options.job }).finally(() =>
    planned.rowSource.close(),
  );
  try {
    const rowSeconds = secondsSince(started);
    const leaveOut = await measureLeaveOut(transformer, method, options);
    const seconds = secondsSince(started);
    const startTokens = startTokensIn(tokenizer.vocabulary, transformer, model.readable.vocabulary);
    const tables = { ...produced.tables, startTokens };
    const scoring = await prepareTables(transformer, tables, tokenizer, text, options);
    return { name, options: methodOptions, score: { scoring, produced }, leaveOut, seconds, rowSeconds };
  } catch (error) {
    await produced.close();
    throw error;
  }
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

/** A method that was tried, before its score. */
type TriedMethod = Omit<ComparedMethod, "evaluation">;

/**
 * Scores that wait for each other, so that all cost one pass through the layers. Where all layers stay in memory there is nothing to
 * save, and none waits.
 */
class ScoreQueue {
  readonly #transformer: OpenTransformer;
  readonly #evaluations: Evaluation[] = [];
  #waiting: ScoreToGive[] = [];
  #bytes = 0;

  constructor(transformer: OpenTransformer) {
    this.#transformer = transformer;
  }

  /** Where tables of so many bytes are to wait: in memory as far as there is room for those of all scores. */
  reserve(bytes: number): "memory" | "file" {
    const { kind, memory } = this.#transformer.schedule;
    if (kind !== "whole" && this.#bytes + bytes > memory * SHARE_FOR_TABLES) return "file";
    this.#bytes += bytes;
    return "memory";
  }

  /** @param job of this score, where it does not wait */
  async add(score: ScoreToGive, job: Job | undefined): Promise<void> {
    this.#waiting.push(score);
    if (this.#transformer.schedule.kind === "whole") await this.#give(job);
  }

  /** In the order in which they were added. */
  async finish(job: Job | undefined): Promise<Evaluation[]> {
    if (this.#waiting.length > 0) await this.#give(job);
    return this.#evaluations;
  }

  async close(): Promise<void> {
    for (const { produced } of this.#waiting.splice(0)) await produced?.close();
  }

  async #give(job: Job | undefined): Promise<void> {
    const scorings = this.#waiting.map(({ scoring }) => scoring);
    this.#evaluations.push(...(await evaluateTogether(this.#transformer, scorings, job)));
    await this.close();
  }
}

/** A text in the tokens of a vocabulary, and its tables where they were produced for this score alone. */
interface ScoreToGive {
  readonly scoring: TablesToScore;
  readonly produced?: ProducedTables;
}

/** The share of the memory that tables may take while they wait. */
const SHARE_FOR_TABLES = 0.25;

async function measureLeaveOut(
  transformer: OpenTransformer,
  method: InitMethod,
  options: CompareOpenedOptions,
): Promise<LeaveOut> {
  const { model, tokenizer, seed, job } = options;
  const { tables, chain } = planTables({ ...options, method });
  const { leaveOut } = await import("./leave-out/leave-out.ts");
  return leaveOut({
    source: {
      tokenizer: model.readable,
      tables,
      model: sourceModel(model, { open: async () => transformer }),
    },
    target: tokenizer,
    method: chain,
    seed,
    initializerRange: model.checkpoint.initializerRange,
    job,
  });
}

/** A method and its options as one word: `subtoken-mean:weighting=uniform`. */
export function labelOf({ name, options }: Pick<MethodCandidate, "name" | "options">): string {
  return [name, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(":");
}

/** Several methods, of which the best on a text is taken. */
export interface MethodContest {
  readonly kind: "contest";
  /** What to try; see `methodCandidates`. */
  readonly choice: CandidateChoice;
  readonly scoring: Omit<ScoringOptions, "job">;
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
