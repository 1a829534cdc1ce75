import type { TokenId } from "@revocab/core";
import type { Reply } from "@revocab/guarded-process";

/** What the process that runs the tokenizers library is asked. */
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

/** The answers to items of a batch, by its type. */
export interface BatchAnswers {
  readonly encode: EncodedItem;
  /** The ids of the text, and where each of its words begins among them. */
  readonly words: { readonly ids: Uint32Array; readonly starts: Uint32Array };
  readonly decode: string;
  readonly normalize: string;
  readonly cut: readonly string[];
}

/** A batch has a reply for each item, in their order; a load none. */
export type LibraryAnswer = readonly Reply<BatchAnswers[BatchRequest["type"]]>[];
