import type { Role, StoredDtype, TokenId } from "@revocab/core";
import type { LossByToken, LossComparison } from "@revocab/evaluation";
import type { LeaveOut } from "@revocab/measure";
import type { PlanSummary } from "@revocab/plan";
import type { NearestTokens } from "./nearest-tokens.ts";
import type { ReviewedReport, ReviewedScore } from "./read-report.ts";
import type { RowMap } from "./row-map.ts";
import type { RowNorms } from "./row-norms.ts";

/** What a swap did. Plain data, fit for JSON. */
export interface SwapReview {
  /** A model that was written, or a plan. */
  readonly kind: "model" | "plan";
  /** The name of the folder or the file, without its path. */
  readonly name: string;
  /** What `revocab.json` says; null of a plan. */
  readonly report: ReviewedReport | null;
  /** What both have: methods, tokens, where each row comes from, how numbers are split. */
  readonly summary: Omit<PlanSummary, "training"> & Pick<ReviewedReport, "training">;
  /** Those with a row per token, biases not among them. Of a plan without the source model there are none. */
  readonly tables: readonly TableReview[];
  readonly evaluation: ReviewedEvaluation | null;
  /** How well the method meets rows that are known; null without the source model, and for methods that need more than the vocabularies. */
  readonly leaveOut: LeaveOut | null;
  /** The new tokens, by id, as people read them, for what names them by ids alone: maps and nearest rows. */
  readonly tokens: Readonly<Record<TokenId, string>>;
  /** The same of the source's tokens on the maps; empty without the source model. */
  readonly sourceTokens: Readonly<Record<TokenId, string>>;
  /** What cannot be shown, and what would show it. */
  readonly notes: readonly string[];
}

export interface TableReview {
  readonly slot: string;
  readonly role: Role;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  /** Tokens that the source has, too; null without the source model. */
  readonly shared: SharedRows | null;
  readonly norms: RowNorms;
  /** Null where too few rows belong to tokens. */
  readonly map: RowMap | null;
  readonly nearest: readonly NearestTokens[];
}

export interface SharedRows {
  readonly tokens: number;
  /** How many of them have the source's row, bit for bit. */
  readonly copied: number;
}

/** What a text costs before and after: as the report has it, or measured anew. */
export interface ReviewedEvaluation {
  readonly text: { readonly name: string; readonly documents: number; readonly bytes: number };
  /** Null without the source model. */
  readonly before: ReviewedScore | null;
  readonly after: ReviewedScore;
  /** Null where the report does not have it. */
  readonly byToken: ReviewedLosses | null;
  readonly notes: readonly string[];
}

export interface ReviewedLosses {
  /** Null without the source model. */
  readonly before: LossByToken | null;
  readonly after: LossByToken;
  /** Null without the source model, and of masked models. */
  readonly compared: LossComparison | null;
}
