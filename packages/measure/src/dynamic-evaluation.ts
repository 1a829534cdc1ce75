import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import type { InitMethod } from "@revocab/core";
import type { Boundaries, MergeDegree, OwnRows } from "@revocab/dynamic-tokenization";
import type { Evaluation } from "@revocab/evaluation";
import type { ScoringOptions } from "./evaluate-model.ts";

/** Where the rows of merged tokens come from. */
export type DynamicRows =
  | {
      /** The folder of a hypernetwork for the model. */
      readonly hypernetwork: string;
      /** The language, where the hypernetwork asks for one. */
      readonly language?: string;
    }
  | { readonly method: InitMethod }
  /** A plan file for the model: rows of target tokens that have the same bytes as merged ones. Others are the mean of their pieces. */
  | { readonly plan: string };

export interface DynamicScoringOptions extends ScoringOptions, OpenCheckpointOptions {
  /** Model folder. */
  readonly model: string;
  readonly rows: DynamicRows;
  /** How far tokens are merged, each a score. */
  readonly degrees: readonly MergeDegree[];
  /** Where tokens may be joined. @default "pretoken" */
  readonly boundaries?: Boundaries;
  /** A UTF-8 file that merges are learned from, of which `maxBytes` are read, too. @default the text that is scored */
  readonly mergesText?: string;
  /** Whether the model's own tokens keep their rows. @default what suits the rows of the merged ones */
  readonly ownRows?: OwnRows;
  /**
   * Decoders: also score the second half of each document, in the model's own tokens, after its first half in merged ones, as
   * when a prompt is read in fewer tokens and then continued. @default false
   */
  readonly prefill?: boolean;
  /** For methods that draw numbers. @default 0 */
  readonly seed?: number;
}

/** Plain data, fit for JSON. */
export interface DynamicEvaluation {
  readonly text: { readonly bytes: number; readonly documents: number };
  /** The name of the file that merges were learned from; null for the text that was scored. */
  readonly mergesText: string | null;
  readonly boundaries: Boundaries;
  /** The model with its own tokens. */
  readonly own: Evaluation;
  /** Only with the option `prefill`: the second halves after first halves in the model's own tokens. */
  readonly prefill?: PrefillScore;
  /** In the order in which they were asked for. */
  readonly reduced: readonly ReducedEvaluation[];
  readonly notes: readonly string[];
}

export interface ReducedEvaluation {
  /** What was asked for. */
  readonly degree: MergeDegree;
  readonly merges: number;
  /** Tokens that the merges add to the vocabulary. */
  readonly newTokens: number;
  /** The share of its tokens by which the scored text is shorter. */
  readonly reduction: number;
  readonly evaluation: Evaluation;
  /**
   * Bits to tell which pairs are merged, ÷ bytes of the text: what the merges give away of a text that they were learned from. 0 for
   * merges of another text.
   */
  readonly mergeBitsPerByte: number;
  /** Only with the option `prefill`. */
  readonly prefill?: PrefillScore;
  /** Time to compute the rows. */
  readonly rowSeconds: number;
}

/** What the second halves of documents cost after their first halves. */
export interface PrefillScore {
  /** Tokens of the first halves. */
  readonly promptTokens: number;
  /** Bytes of the second halves, as far as the context reaches. */
  readonly bytes: number;
  readonly bitsPerByte: number;
}
