import type { TokenId } from "@revocab/core";

/** What is known at once of all tokens after a window. */
export interface QuickMask {
  /** [V] 1 for the tokens that may follow, those of `open` aside. */
  readonly mask: Uint8Array;
  /** Tokens that the tokenizer must be asked about, one by one. */
  readonly open: readonly TokenId[];
}

/** The verdicts of all tokens at a window; `undefined` if it has nothing to say of it. */
export type QuickMaskAfter = (window: readonly TokenId[]) => QuickMask | undefined;
