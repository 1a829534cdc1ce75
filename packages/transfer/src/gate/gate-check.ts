import type { FileSource } from "@revocab/checkpoint";
import { type Job, RevocabError } from "@revocab/core";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import type { OwnTokenizer } from "../swap/own-tokenizer.ts";

export interface GateOptions {
  /** The staged folder, with everything written. */
  readonly directory: string;
  /** Where its weight files are read from. @default the folder */
  readonly weights?: FileSource | undefined;
  readonly plan: SwapPlan;
  readonly model: OpenModel;
  /** Where the tokenizer is the model's own, edited or not; undefined for a tokenizer from elsewhere. */
  readonly own?: OwnTokenizer;
  /** @default false */
  readonly allowZeroRows?: boolean;
  readonly job?: Job;
}

/** What one check of the gate has found to be right. */
export interface GateCheck {
  readonly name: string;
  readonly detail: string;
}

/** A staged folder that fails a check is removed, and `out` is not written. */
export function gateFailed(
  what: string,
  {
    hint = "nothing was written; please report this",
    written = "the model that was written",
  }: { readonly hint?: string; readonly written?: string } = {},
): RevocabError {
  return new RevocabError("gate_failed", `${written} did not pass the gate: ${what}`, { hint });
}
