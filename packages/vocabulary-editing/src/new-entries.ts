import type { TokenId } from "@revocab/core";
import { inByteAlphabet, type Notation } from "@revocab/vocabulary/internal";

/** A piece to add: the text that it stands for, its leading space included. */
export interface NewPiece {
  readonly text: string;
  /** For a Unigram only: its log probability. @default just above that of the best other spelling of the text */
  readonly score?: number;
}

/** A token that is found in a text before the model runs: an entry of `added_tokens` of tokenizer.json. */
export interface NewAddedToken {
  readonly content: string;
  /** A control token, which decoding may leave out. @default true */
  readonly special?: boolean;
  /** Found only where no letter stands beside it. @default false */
  readonly singleWord?: boolean;
  /** Includes the white space before it. @default false */
  readonly lstrip?: boolean;
  /** Includes the white space after it. @default false */
  readonly rstrip?: boolean;
  /** Searched for after the normalizer has run. @default false for specials, true for others */
  readonly normalized?: boolean;
}

/** An ordinary entry that becomes an added token and keeps its id. */
export interface PromotedToken extends NewAddedToken {
  readonly id: TokenId;
}

export interface Refusal {
  readonly text: string;
  readonly reason: string;
}

/** An entry to append to the model's vocabulary, as the file writes it. */
export interface ModelEntry {
  readonly piece: string;
  /** For a Unigram only. */
  readonly score?: number;
  /** The requested text; undefined for a step, which only leads to others. */
  readonly text?: string;
}

/** What is added to a model: entries in the order of their ids, and merges in the order of their ranks. */
export interface ModelAdditions {
  readonly entries: readonly ModelEntry[];
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * The piece that stands for a text, as the file writes it: " café" → `ĠcafÃ©` (byte level), `▁café` (with a space mark),
 * `café` (WordPiece, where "café" is `##café`). The inverse of `bytesOf`.
 */
export function pieceForm(text: string, notation: Notation): string {
  if (notation.isByteLevel) return inByteAlphabet(text);
  if (notation.startsWithSpace)
    return text.startsWith(" ") ? text.slice(1) : notation.continuingPrefix + text;
  return notation.spaceMark === undefined ? text : text.replaceAll(" ", notation.spaceMark);
}
