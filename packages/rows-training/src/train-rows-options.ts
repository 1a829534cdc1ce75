import type { Job, Matrix, TokenId } from "@revocab/core";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import type { TrainingBudget } from "./budget.ts";
import type { Teacher } from "./teacher.ts";

/** Which rows learn: those of tokens that the training text has, of all tokens, or of these. */
export type LearningRows = "text" | "all" | ReadonlySet<TokenId>;

/** Ids of rows of the input table and of the head's; the same of both where they are one table. */
export interface RowsOfTables {
  readonly input: ReadonlySet<TokenId>;
  readonly output: ReadonlySet<TokenId>;
}

/** A file in which a training is kept, to go on from after it was stopped. */
export interface TrainingStateOptions {
  /** Where there is such a file the training goes on from it. It is left there at the end. */
  readonly path: string;
  /** Keep the documents in it, too: of a text that would not come out the same again. @default false */
  readonly withDocuments?: boolean;
  /** What else the training depends on, by name: with other values it does not go on. @default nothing */
  readonly recipe?: Readonly<Record<string, string | number>>;
}

/**
 * What rows are trained by. `lm`: the loss of the next token. Besides it,
 * - `distill`: the distance of the final hidden states to those that the layers give for the same text in the teacher's tokens
 *   (Token Distillation, https://arxiv.org/abs/2505.20133);
 * - `alm`: how far the probabilities of pieces of text are from those that the teacher gives them (approximate likelihood matching,
 *   https://arxiv.org/abs/2503.20083).
 */
export type Objective = "lm" | "distill" | "alm";

export interface TrainRowsOptions {
  readonly transformer: OpenTransformer;
  /** The rows that training begins with; where `input` and `output` are one matrix, they stay one. */
  readonly tables: ModelTables;
  readonly tokenizer: Tokenizer;
  readonly documents: readonly string[];
  readonly budget: TrainingBudget;
  /** @default "distill" with a teacher, "lm" without one */
  readonly objective?: Objective;
  /** What `distill` and `alm` learn from besides the text. */
  readonly teacher?: Teacher;
  /** @default "text" */
  readonly learn?: LearningRows;
  /** Rows that stay as they are, whatever `learn` says. @default none */
  readonly frozen?: RowsOfTables;
  /** The highest rate of AdamW, after the warm-up: the change of a value in a step, as a share of the typical value of its table. @default 0.1 with 64 columns or fewer, 0.8 / √columns with more */
  readonly rate?: number;
  /** Tokens of a step. @default 4096 */
  readonly batchTokens?: number;
  /** Tokens of the longest sequence that is trained on. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** The share of the text that is kept to measure by. @default 0.05 */
  readonly heldOut?: number;
  /** Orders the text. @default 0 */
  readonly seed?: number;
  /** A signal that ends training; the best rows so far are what it gives. To give all up is the job's own signal. */
  readonly finishSignal?: AbortSignal;
  /**
   * Keeps the training in a file: each time that the held-out part was scored, every three minutes, and when a signal ends it. A training
   * that goes on counts the time and the steps from before, and gives what it would have given in one go: the same bytes where it ends by
   * steps or tokens, with one thread; for `alm` the same but for the last digits. @default nothing is kept
   */
  readonly state?: TrainingStateOptions;
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
  readonly objective: Objective;
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
