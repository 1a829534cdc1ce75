import type { AlignmentCounts, Role, TablePlan } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { SpecialTokensChoice } from "./target/fit-tokenizer.ts";

/** Everything that was chosen to make a plan; the same recipe on the same inputs gives the same bytes. */
export interface Recipe {
  /** The methods in the order they were asked. */
  readonly methods: readonly RecipeMethod[];
  readonly seed: number;
  /** The head gets rows of its own, though the source model is tied. */
  readonly untie: boolean;
  /** For a tied model and a method whose rows differ by role: the role whose rows serve both. */
  readonly role: Role | null;
  readonly padToMultipleOf: number | null;
  /** Whose special tokens stand around texts: those of the source's tokenizer, by roles, or the target's own. */
  readonly specialTokens: SpecialTokensChoice;
  /** The number of rows where it was asked for as such. */
  readonly rows: number | null;
  /** Control tokens that the target tokenizer was given for this model. @default none */
  readonly specials?: readonly string[] | undefined;
  /** The token that it was told to end texts with. @default its own */
  readonly eos?: string | undefined;
}

export interface RecipeMethod {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Address of its paper or reference, where it names one. */
  readonly paper?: string | undefined;
}

/** The rows of a target model before any model is rewritten. */
export interface SwapPlan {
  readonly recipe: Recipe;
  readonly source: PlanSource;
  readonly target: PlanTarget;
  /** One per vocabulary table of the target model. */
  readonly tables: readonly TablePlan[];
  readonly alignment: AlignmentSummary;
  /** What the methods had to say, in plain words: noise lost to rounding, cosines below zero. */
  readonly notes: readonly string[];
}

export interface PlanSource {
  /** The folder's name, not its path. */
  readonly name: string;
  readonly modelType: string;
  /** Of the vocabulary; a model with another one is refused. */
  readonly fingerprint: string;
  /** Rows of the source matrices, padding included; basis rows are numbered from here. */
  readonly rows: number;
  readonly tied: boolean;
  /** A source token as a person reads it. */
  label(id: number): string;
}

export interface PlanTarget {
  readonly name: string;
  /** As it is written: fitted to the model. */
  readonly tokenizer: Tokenizer;
  /** sha256 of the tokenizer's files as they were given, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  /** Rows of the target matrices, padding included. */
  readonly rows: number;
}

/** {@link AlignmentCounts} as numbers alone, with a few examples of what has no evidence. */
export type AlignmentSummary = Omit<AlignmentCounts, "withoutEvidence"> & {
  readonly withoutEvidence: number;
  readonly withoutEvidenceExamples: readonly number[];
};
