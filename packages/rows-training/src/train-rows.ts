import type { Job, Matrix, TokenId } from "@revocab/core";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";

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
  /** The highest rate of AdamW, after the warm-up. @default 0.01 */
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
 * Trains rows of a vocabulary on a text by the loss of the next token, with the layers frozen.
 * @throws RevocabError `bad_text` for a text too short to keep a part of it, `unsupported_architecture` for a model that is not
 *   causal, `bad_options`, `not_finite` where not even the first loss is a number, `aborted`
 */
export async function trainRows(_options: TrainRowsOptions): Promise<TrainedRows> {
  throw new RangeError("not yet");
}
