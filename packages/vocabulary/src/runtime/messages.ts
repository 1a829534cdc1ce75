import type { TokenId } from "@revocab/core";

/** What the process that runs the tokenizers library is asked, one thing at a time. */
export type LibraryRequest =
  | { readonly type: "load"; readonly key: number; readonly json: Uint8Array }
  | BatchRequest;

/** A batch for one tokenizer; each item is answered on its own. */
export type BatchRequest = { readonly key: number } & (
  | { readonly type: "encode"; readonly items: readonly EncodeItem[] }
  | { readonly type: "words"; readonly items: readonly string[] }
  | { readonly type: "decode"; readonly items: readonly (readonly TokenId[])[] }
  | { readonly type: "normalize"; readonly items: readonly string[] }
  | { readonly type: "cut"; readonly items: readonly string[] }
);

export interface EncodeItem {
  readonly text: string;
  /** The second text of a pair. */
  readonly pair?: string | undefined;
  /** Whether the post-processor's special tokens are put around it. */
  readonly specials: boolean;
}

export interface EncodedItem {
  readonly ids: Uint32Array;
  readonly typeIds: Uint8Array;
}

/** The answers of a batch, by its type, in the order of the items. */
export interface BatchAnswers {
  readonly encode: EncodedItem;
  /** The ids of the text, and where each of its words begins among them. */
  readonly words: { readonly ids: Uint32Array; readonly starts: Uint32Array };
  readonly decode: string;
  readonly normalize: string;
  readonly cut: readonly string[];
}

/** An item's answer, or why the library has none. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly refusal: string };

export type LibraryAnswer =
  | { readonly type: "done"; readonly outcomes: readonly Outcome<BatchAnswers[BatchRequest["type"]]>[] }
  | { readonly type: "refused"; readonly refusal: string };

/** What the watchdog's line on stderr begins with; the parent reads the rest as the reason. */
export const WATCHDOG_SAYS = "watchdog: ";

/** A request on its way, with what it may cost. */
export interface Allowed<Request> {
  readonly request: Request;
  readonly allowance: Allowance;
}

export interface Allowance {
  /** Processor time in ms, of all threads of the process. */
  readonly processorTime: number;
  /** By how much the memory of the process may grow, in MB. */
  readonly memory: number;
}
