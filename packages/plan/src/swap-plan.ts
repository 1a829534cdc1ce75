import type { AlignmentCounts, Role, RowSource, TablePlan, Vocabulary } from "@revocab/core";
import type { TrainingBudget, TrainingReport } from "@revocab/rows-training";
import type { DigitComparison } from "@revocab/vocab-alignment";
import { displayToken } from "@revocab/vocabulary";
import type { SpecialTokensChoice } from "./target/fit-tokenizer.ts";
import type { PlanTarget } from "./target/plan-target.ts";

/** All choices behind a plan: the same recipe on the same inputs gives the same bytes. */
export interface Recipe {
  /** In the order they were tried. */
  readonly methods: readonly RecipeMethod[];
  readonly seed: number;
  /** Whether the head of a tied model gets rows of its own. */
  readonly untie: boolean;
  /** For a model that stays tied: the role whose rows input and head share. */
  readonly role: Role | null;
  readonly padToMultipleOf: number | null;
  /** Which special tokens stand around texts: the model's, by their roles, or those of the target tokenizer as it is. */
  readonly specialTokens: SpecialTokensChoice;
  /** The number of rows, where the option gave one. */
  readonly rows: number | null;
  /** Control tokens that were added to the target tokenizer for this model. @default none */
  readonly specials?: readonly string[] | undefined;
  /** The end-of-text token that was chosen. @default the tokenizer's own */
  readonly eos?: string | undefined;
  /** The model whose rows methods read besides: its name, and of a repository `@` and the commit. @default none */
  readonly donor?: string | undefined;
}

export interface RecipeMethod {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Address of its paper or reference, where it has one. */
  readonly paper?: string | undefined;
}

/**
 * The rows of a target model before a model is rewritten: plain values, which `structuredClone` copies and a worker can be
 * sent. Rows that are no sum are in a `RowSource`, and {@link tokenizerOf} opens the target tokenizer.
 */
export interface SwapPlan {
  readonly recipe: Recipe;
  readonly source: PlanSource;
  readonly target: PlanTarget;
  /** One per vocabulary table of the target model. */
  readonly tables: readonly TablePlan[];
  readonly alignment: AlignmentSummary;
  /** How source and target split numbers; plans of older files do not say. */
  readonly digits?: DigitComparison | undefined;
  /** Warnings of the methods: noise lost to rounding, cosines below zero. */
  readonly notes: readonly string[];
  /** Where rows were trained after the methods had initialized them. */
  readonly training?: PlanTraining | undefined;
}

/**
 * How rows of a plan were trained. Of a training that has just been made it says `seconds`, too; no file holds these
 * (docs/decisions/0021-scoring-times-stay-out-of-files.md).
 */
export interface PlanTraining extends Omit<TrainingReport, "seconds"> {
  readonly text: TrainingText;
  /** The name of the model that taught, too, as the `objective` says; missing where the text alone did. */
  readonly teacher?: string | undefined;
  readonly budget: TrainingBudget;
  /** Rows of tokens that the text has, of these the new ones alone, all rows, or those of tokens that were named by a program. */
  readonly learn: "text" | "new" | "all" | "chosen";
  /** Tokens of the longest sequence, where the option gave a number; null for the default. */
  readonly context: number | null;
  /** Tokens of a step; null for the default. */
  readonly batchTokens: number | null;
  readonly seconds?: number | undefined;
}

/** A text that rows were trained on, the part that was held out included. */
export interface TrainingText {
  /** The file's name, not its path; of a text that a model wrote `text written by` and its name. */
  readonly name: string;
  readonly documents: number;
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  /** sha256 of the documents, each followed by a zero byte. */
  readonly sha256: string;
}

/** A plan, and the source of its rows that are no sum: its methods or its file, until it is closed. */
export interface PlannedSwap {
  readonly plan: SwapPlan;
  readonly rowSource: RowSource;
}

export interface PlanSource {
  /** The folder's name, not its path. */
  readonly name: string;
  readonly modelType: string;
  /** Of the vocabulary: a plan is applied only to models with the same one. */
  readonly fingerprint: string;
  /** Rows of the source matrices, padding included; basis rows are numbered from here. */
  readonly rows: number;
  readonly tied: boolean;
  readonly labels: SourceLabels;
}

/** Every source row as text. */
export interface SourceLabels {
  /** [rows + 1], starting at 0, never falling. */
  readonly offsets: Uint32Array;
  /** UTF-8: the label of row i is `bytes[offsets[i] … offsets[i + 1])`. */
  readonly bytes: Uint8Array;
}

/** {@link AlignmentCounts} as numbers alone, with a few examples of tokens without evidence. */
export type AlignmentSummary = Omit<AlignmentCounts, "withoutEvidence"> & {
  readonly withoutEvidence: number;
  readonly withoutEvidenceExamples: readonly number[];
};

/** The labels of a vocabulary's tokens, and of the padding rows behind them. */
export function sourceLabels(vocabulary: Vocabulary, rows: number): SourceLabels {
  const encoder = new TextEncoder();
  const labels = Array.from({ length: rows }, (_, id) =>
    encoder.encode(id < vocabulary.size ? displayToken(vocabulary, id) : `(padding row ${id})`),
  );
  const offsets = new Uint32Array(rows + 1);
  for (const [id, label] of labels.entries()) offsets[id + 1] = (offsets[id] as number) + label.length;
  return { offsets, bytes: Buffer.concat(labels) };
}

/** A row as text: a source token, a padding row, or one of the basis rows after them. */
export function labelOfRow({ labels: { offsets, bytes }, rows }: PlanSource, id: number): string {
  if (id >= rows) return `(basis row ${id - rows})`;
  return new TextDecoder().decode(bytes.subarray(offsets[id], offsets[id + 1]));
}
