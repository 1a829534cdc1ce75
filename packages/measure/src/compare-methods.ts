import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type InitMethod, RevocabError, throwIfAborted } from "@revocab/core";
import { type CandidateChoice, closeMethod, type MethodCandidate, methodsOf } from "@revocab/embedding-init";
import { bitsPerByteOf, type Evaluation } from "@revocab/evaluation";
import { readText, type TextDocuments } from "@revocab/files";
import { type FittingOptions, fitTokenizer, openModel, type PlanOptions } from "@revocab/plan";
import { lazyModel, makePlanOfSharedMethods, planTables, tablesInMemory } from "@revocab/plan/internal";
import type { Transformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { evaluateTables, labelledProgress, type ScoringOptions } from "./evaluate-model.ts";
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
  /** Time to compute the rows. */
  readonly seconds: number;
}

/**
 * Tries methods on a text and on hidden rows. The model's layers are loaded once, the tables of each method are computed in
 * memory, and nothing is written.
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
    return await compare(transformer, text, options).finally(() => closeMethods(options));
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
  transformer: Transformer,
  text: TextDocuments,
  options: CompareOpenedOptions,
): Promise<MethodComparison> {
  const { model, choice, job } = options;
  const leftOut = [...choice.leftOut];
  const steps = (label: string) => ({ ...options, job: labelledProgress(options.job, label) });
  const source = await evaluateTables(transformer, undefined, model.readable, text, steps("source model"));
  const methods: ComparedMethod[] = [];
  for (const [index, candidate] of choice.candidates.entries()) {
    throwIfAborted(job?.abortSignal);
    const label = labelOf(candidate);
    const compared = await tryMethod(candidate, transformer, text, steps(label)).catch((error: unknown) => {
      // a method whose rows differ by role needs `untie` or `role`: without them it is left out, and the others are tried
      if (!(error instanceof RevocabError) || error.code !== "needs_untie") throw error;
      return error;
    });
    if (compared instanceof RevocabError) leftOut.push({ name: label, reason: compared.message });
    else methods.push({ ...compared, candidate: index });
  }
  if (methods.length === 0) {
    throw new RevocabError(
      "bad_options",
      `none of ${choice.candidates.length} methods can be tried here: ${leftOut.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`,
      { hint: "pass `untie` or `role`, or name other methods" },
    );
  }
  const scores = methods.map(({ evaluation }) => bitsPerByteOf(evaluation));
  const { bytes, documents, notes } = text;
  return {
    text: { bytes, documents: documents.length, notes },
    source,
    methods,
    leftOut,
    best: scores.indexOf(Math.min(...scores)),
  };
}

async function tryMethod(
  { name, options: methodOptions, method }: MethodCandidate,
  transformer: Transformer,
  text: TextDocuments,
  options: CompareOpenedOptions,
): Promise<Omit<ComparedMethod, "candidate">> {
  const { model, tokenizer } = options;
  const started = performance.now();
  const planned = await makePlanOfSharedMethods({ ...options, method, transformer });
  try {
    const tables = await tablesInMemory(planned, model, options.job);
    const seconds = (performance.now() - started) / 1000;
    const evaluation = await evaluateTables(transformer, tables, tokenizer, text, options);
    const leaveOut = await measureLeaveOut(transformer, method, options);
    return { name, options: methodOptions, evaluation, leaveOut, seconds };
  } finally {
    await planned.rowSource.close();
  }
}

async function measureLeaveOut(
  transformer: Transformer,
  method: InitMethod,
  options: CompareOpenedOptions,
): Promise<LeaveOut> {
  const { model, tokenizer, seed, job } = options;
  const { tables, chain } = planTables({ ...options, method });
  const { leaveOut } = await import("./leave-out/leave-out.ts");
  return leaveOut({
    source: { tokenizer: model.readable, tables, model: lazyModel(model, { transformer }).model },
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
