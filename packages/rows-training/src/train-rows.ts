import {
  type Job,
  type Matrix,
  quiet,
  RevocabError,
  type ScoreQuery,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import { bitsPerByteOf } from "@revocab/evaluation";
import { randomStream } from "@revocab/matrix";
import {
  type HeadGradient,
  type ModelTables,
  type OpenTransformer,
  openHeadGradient,
  scoreTogether,
} from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { type Adam, openAdam } from "./adam.ts";
import { addGradients, type VocabularyRows } from "./add-gradients.ts";
import { openVocabularyRows } from "./open-vocabulary-rows.ts";
import { progressOf, rateAt } from "./rate.ts";
import type { RowTable } from "./row-table.ts";
import { countTargets, prepareText, type TrainingText } from "./training-text.ts";

/** When training ends: by the clock, by tokens of text that were trained on, or by steps. */
export type TrainingBudget =
  | { readonly kind: "time"; readonly seconds: number }
  | { readonly kind: "tokens"; readonly tokens: number }
  | { readonly kind: "steps"; readonly steps: number };

/** Which rows learn: those of tokens that the training text has, all, or those of these tokens. */
export type LearningRows = "text" | "all" | ReadonlySet<TokenId>;

export interface TrainRowsOptions {
  readonly transformer: OpenTransformer;
  /** The rows that training begins with; where `input` and `output` are one matrix, they stay one. */
  readonly tables: ModelTables;
  readonly tokenizer: Tokenizer;
  readonly documents: readonly string[];
  readonly budget: TrainingBudget;
  /** @default "text" */
  readonly learn?: LearningRows;
  /** The highest rate of AdamW, after the warm-up: the change of a value in a step, as a share of the typical value of its table. @default 0.02 */
  readonly rate?: number;
  /** Tokens of a step. @default 4096, or less for a short text */
  readonly batchTokens?: number;
  /** Tokens of the longest sequence that is trained on. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** The share of the text that is kept to measure by. @default 0.05 */
  readonly heldOut?: number;
  /** Orders the text. @default 0 */
  readonly seed?: number;
  /** A signal that ends training; the best rows so far are what it gives. To give all up is the job's own signal. */
  readonly finishSignal?: AbortSignal;
  readonly job?: Job;
}

/** Rows of one table that training changed. */
export interface RowsThatChanged {
  /** Ascending. */
  readonly ids: Uint32Array;
  /** [ids × d] */
  readonly rows: Matrix;
}

export interface TrainedRows {
  /** By the slot of the table: `input`, and `output` where the head has a table of its own. */
  readonly tables: ReadonlyMap<string, RowsThatChanged>;
  readonly report: TrainingReport;
}

export interface TrainingReport {
  readonly objective: "lm";
  /** Of the rows that are given back; `steps` were made in all. */
  readonly bestStep: number;
  readonly steps: number;
  /** Trained on, those of texts that came more than once each time. */
  readonly tokens: number;
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  /** Rows that learned, by slot. */
  readonly learned: Readonly<Record<string, number>>;
  /** Bits per byte of the part of the text that was not trained on. */
  readonly heldOut: { readonly bytes: number; readonly before: number; readonly after: number };
  /** Why it ended: the budget was used up, rows no longer got better, the loss was no number, or it was told to. */
  readonly ended: "budget" | "no better" | "not finite" | "told to";
}

/**
 * Trains rows of a vocabulary on a text by the loss of the next token, with the layers frozen. What is given back are the rows that
 * scored best on a part of the text that was not trained on.
 * @throws RevocabError `bad_text` for a text too short to keep a part of it, `unsupported_architecture` for a model that is not
 *   causal, `bad_options`, `not_finite` where not even the first loss is a number, `aborted`; as `OpenTransformer.readWithGradients`
 */
export async function trainRows(options: TrainRowsOptions): Promise<TrainedRows> {
  const { transformer, tables, tokenizer, seed = 0, rate = DEFAULT_RATE, job } = options;
  checkOptions(options);
  const text = await prepareText({
    model: {
      kind: transformer.kind,
      contextLength: transformer.contextLength,
      vocabularySize: tables.output.rows,
    },
    tokenizer,
    documents: options.documents,
    context: options.context,
    heldOut: options.heldOut ?? DEFAULT_HELD_OUT,
    seed,
    job: quiet(job),
  });
  const read = tokensOf([...text.queries, ...text.heldOut.queries]);
  const learn = learningTokens(options.learn ?? "text", text, tables);
  const rows = await openVocabularyRows(tables, learn, read);
  const head = openHeadGradient(transformer);
  try {
    const training = new Training({ ...options, seed, rate, text, rows, head });
    return await training.run();
  } finally {
    await head.close();
  }
}

const DEFAULT_RATE = 0.02;
const DEFAULT_HELD_OUT = 0.05;
const DEFAULT_BATCH = 4096;

/**
 * Says before any work whether the rows of a model can be trained.
 * @throws RevocabError `unsupported_architecture` for a model that is not causal; as `OpenTransformer.requireGradients` does
 */
export function requireTrainable(transformer: OpenTransformer): void {
  const { kind, checkpoint } = transformer;
  if (kind !== "causal") {
    throw new RevocabError(
      "unsupported_architecture",
      `${checkpoint.directory} (${checkpoint.modelType}) predicts masked tokens; rows are trained by the loss of the next token`,
      { hint: "use a causal model" },
    );
  }
  transformer.requireGradients();
}

function checkOptions({ transformer, budget, rate, batchTokens }: TrainRowsOptions): void {
  requireTrainable(transformer);
  const amount =
    budget.kind === "time" ? budget.seconds : budget.kind === "tokens" ? budget.tokens : budget.steps;
  for (const [name, value] of [
    ["budget", amount] as const,
    ["rate", rate] as const,
    ["batchTokens", batchTokens] as const,
  ]) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new RevocabError("bad_options", `\`${name}\` is ${value}, expected a number above 0`);
  }
}

function tokensOf(queries: readonly ScoreQuery[]): Set<TokenId> {
  const found = new Set<TokenId>();
  for (const { tokens, targets } of queries) {
    for (const token of tokens) found.add(token);
    for (const token of targets) found.add(token);
  }
  return found;
}

function learningTokens(
  learn: LearningRows,
  { queries }: TrainingText,
  { output }: ModelTables,
): ReadonlySet<TokenId> {
  if (learn === "all") return new Set(Array.from({ length: output.rows }, (_, id) => id));
  return learn === "text" ? tokensOf(queries) : learn;
}

/** A table that learns: once for both roles where a model is tied. */
interface Learner {
  readonly slot: "input" | "output";
  readonly table: RowTable;
  readonly gradient: Float32Array;
  readonly adam: Adam;
  /** The typical value of its rows, by which the rate is measured. */
  readonly typical: number;
  /** The longest row that a row may become, where both roles share it. */
  readonly bound: number;
}

interface TrainingOptions extends TrainRowsOptions {
  readonly seed: number;
  readonly rate: number;
  readonly text: TrainingText;
  readonly rows: VocabularyRows;
  readonly head: HeadGradient;
}

class Training {
  readonly #options: TrainingOptions;
  readonly #learners: readonly Learner[];
  readonly #started = performance.now();
  #steps = 0;
  #tokens = 0;
  #best = { step: 0, bitsPerByte: Number.POSITIVE_INFINITY, rows: [] as Float32Array[] };
  #before = Number.NaN;
  #worse = 0;
  #measured = { progress: 0, tokens: 0 };

  constructor(options: TrainingOptions) {
    this.#options = options;
    const { input, output } = options.rows;
    const isTied = input === output;
    this.#learners = [
      learnerOf("input", input, isTied),
      ...(isTied ? [] : [learnerOf("output", output, false)]),
    ];
  }

  async run(): Promise<TrainedRows> {
    await this.#measure();
    this.#before = this.#best.bitsPerByte;
    const ended = await this.#train();
    const { seed, rate, text } = this.#options;
    const { step, bitsPerByte } = this.#best;
    return {
      tables: new Map(
        this.#learners.map(({ slot, table: { ids, columns } }, i) => [
          slot,
          { ids, rows: { rows: ids.length, columns, data: this.#best.rows[i] } },
        ]),
      ),
      report: {
        objective: "lm",
        bestStep: step,
        steps: this.#steps,
        tokens: this.#tokens,
        seconds: this.#seconds,
        rate,
        seed,
        learned: Object.fromEntries(this.#learners.map(({ slot, table }) => [slot, table.ids.length])),
        heldOut: { bytes: text.heldOutBytes, before: this.#before, after: bitsPerByte },
        ended,
      },
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get #progress(): number {
    return progressOf(this.#options.budget, {
      steps: this.#steps,
      tokens: this.#tokens,
      seconds: this.#seconds,
    });
  }

  /** To score the held-out part costs a third of training on it, and takes a tenth of the time at most. */
  get #isTimeToMeasure(): boolean {
    const { progress, tokens } = this.#measured;
    const cost = countTargets(this.#options.text.heldOut.queries) / 3;
    return this.#progress - progress >= 1 / MEASURES && this.#tokens - tokens >= 10 * cost;
  }

  async #train(): Promise<TrainingReport["ended"]> {
    const { text, batchTokens = DEFAULT_BATCH, seed, finishSignal, job } = this.#options;
    for (const queries of batchesOf(text.queries, batchTokens, seed)) {
      throwIfAborted(job?.abortSignal);
      if (finishSignal?.aborted) {
        await this.#measure();
        return "told to";
      }
      const loss = await this.#step(queries);
      if (!Number.isFinite(loss)) {
        if (this.#steps > 1) return "not finite";
        throw new RevocabError("not_finite", `the loss of the first step is ${loss}, expected a number`, {
          hint: "look for NaN, infinity or very large values in the model's weights",
        });
      }
      const isOver = this.#progress >= 1;
      if (isOver || this.#isTimeToMeasure) await this.#measure();
      this.#report(loss);
      if (isOver) return "budget";
      if (this.#worse >= PATIENCE) return "no better";
    }
    return "budget";
  }

  /** @returns mean −log2 p */
  async #step(queries: readonly ScoreQuery[]): Promise<number> {
    const { transformer, head, rows, rate, job } = this.#options;
    const [byInput, byOutput = byInput] = this.#learners.map(({ gradient }) => gradient.fill(0));
    const own = { ...job, onProgress: undefined };
    const loss = await addGradients({ transformer, head, rows, queries, byInput, byOutput, job: own });
    const count = countTargets(queries);
    this.#steps++;
    this.#tokens += count;
    if (!Number.isFinite(loss)) return loss;
    const scale = Math.min(1 / count, MOST_NORM / this.#gradientNorm());
    for (const { table, gradient, adam, typical, bound } of this.#learners) {
      adam.step(table.learning, gradient, rate * typical * rateAt(this.#progress), scale);
      if (Number.isFinite(bound)) shorten(table, bound);
    }
    return loss / count / Math.LN2;
  }

  #gradientNorm(): number {
    let square = 0;
    for (const { gradient } of this.#learners) {
      for (let i = 0; i < gradient.length; i++) square += gradient[i] * gradient[i];
    }
    return Math.sqrt(square);
  }

  /** Scores the part of the text that is not trained on, and keeps the rows if they are the best so far. */
  async #measure(): Promise<void> {
    const { transformer, rows, text, tables, job } = this.#options;
    const input = rows.input.asStored();
    const output = rows.output === rows.input ? input : rows.output.asStored();
    const scored = { ...text.heldOut, tables: { ...tables, input, output } };
    const [logarithms] = await scoreTogether(transformer, [scored], { ...job, onProgress: undefined });
    const bitsPerByte = bitsPerByteOf(text.heldOut.scoreOf(logarithms, 1));
    if (bitsPerByte < this.#best.bitsPerByte) {
      const values = this.#learners.map(({ table }) => table.learning.slice());
      this.#best = { step: this.#steps, bitsPerByte, rows: values };
      this.#worse = 0;
    } else this.#worse++;
    this.#measured = { progress: this.#progress, tokens: this.#tokens };
  }

  #report(loss: number): void {
    const progress = this.#progress;
    this.#options.job?.onProgress?.({
      type: "progress",
      step: "train rows",
      done: this.#tokens,
      total: Math.max(this.#tokens, Math.round(this.#tokens / Math.max(progress, 1e-9))),
      unit: "tokens",
      detail: `step ${this.#steps}, loss ${loss.toFixed(2)} bits per token, held-out text ${this.#best.bitsPerByte.toFixed(3)} bits per byte`,
    });
  }
}

/** How often the held-out part is scored, and how often in a row it may be worse. */
const MEASURES = 12;
const PATIENCE = 4;

/** Of the gradient of the mean loss; beyond it the step is shortened. */
const MOST_NORM = 1;

function learnerOf(slot: Learner["slot"], table: RowTable, isTied: boolean): Learner {
  const { learning, fixed, columns } = table;
  const all = [learning, fixed];
  const square = all.reduce((sum, values) => values.reduce((s, value) => s + value * value, sum), 0);
  const typical = Math.sqrt(square / Math.max(1, learning.length + fixed.length));
  return {
    slot,
    table,
    gradient: new Float32Array(learning.length),
    adam: openAdam(learning.length),
    typical,
    bound: isTied ? Math.max(...all.map((values) => longestRow(values, columns))) : Number.POSITIVE_INFINITY,
  };
}

function longestRow(values: Float32Array, columns: number): number {
  let longest = 0;
  for (let at = 0; at < values.length; at += columns)
    longest = Math.max(longest, lengthAt(values, at, columns));
  return longest;
}

function lengthAt(values: Float32Array, at: number, columns: number): number {
  let square = 0;
  for (let i = at; i < at + columns; i++) square += values[i] * values[i];
  return Math.sqrt(square);
}

/** Rows beyond a length are scaled back to it. */
function shorten({ learning, columns }: RowTable, bound: number): void {
  for (let at = 0; at < learning.length; at += columns) {
    const length = lengthAt(learning, at, columns);
    if (length <= bound) continue;
    for (let i = at; i < at + columns; i++) learning[i] *= bound / length;
  }
}

/** The text again and again, each time in another order, so many tokens at a time. */
function* batchesOf(queries: readonly ScoreQuery[], tokens: number, seed: number): Generator<ScoreQuery[]> {
  let batch: ScoreQuery[] = [];
  let count = 0;
  for (let reading = 0; ; reading++) {
    const draws = queries.map((_, i) => randomStream(seed, i, PURPOSE + reading).uniform());
    const order = [...queries.keys()].sort((a, b) => draws[a] - draws[b]);
    for (const i of order) {
      const query = queries[i];
      if (count > 0 && count + query.targets.length > tokens) {
        yield batch;
        batch = [];
        count = 0;
      }
      batch.push(query);
      count += query.targets.length;
    }
  }
}

/** "text" in ASCII */
const PURPOSE = 0x74657874;
