import type { TokenId } from "@revocab/core";
import { inByteAlphabet, type Notation } from "@revocab/vocabulary/internal";

/** A piece that a user asks for: the text that it is to stand for, its leading space included. */
export interface NewPiece {
  readonly text: string;
  /** Unigram alone: its log probability. @default just above what the best other spelling of the text has */
  readonly score?: number;
}

/** A token that is found in a text before the model runs, as `added_tokens` of tokenizer.json has it. */
export interface NewAddedToken {
  readonly content: string;
  /** A control token, that decoding may leave out. @default true */
  readonly special?: boolean;
  /** Found only where no letter stands beside it. @default false */
  readonly singleWord?: boolean;
  /** Takes the white space before it along. @default false */
  readonly lstrip?: boolean;
  /** Takes the white space after it along. @default false */
  readonly rstrip?: boolean;
  /** Looked for after the normalizer. @default false for specials, true for others */
  readonly normalized?: boolean;
}

/** An entry that the tokenizer has, to be an added token at its own id. */
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
  /** Unigram alone. */
  readonly score?: number;
  /** The text that was asked for; undefined for a step that only leads to others. */
  readonly text?: string;
}

/** What a model gets: entries in the order of their ids, and merges in the order of their ranks. */
export interface ModelAdditions {
  readonly entries: readonly ModelEntry[];
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * A text as the file writes a piece that stands for it: " café" → `ĠcafÃ©` (byte level), `▁café` (a space mark), `café`
 * (WordPiece, where "café" is `##café`). The inverse of what `bytesOf` reads.
 */
export function pieceForm(text: string, notation: Notation): string {
  if (notation.isByteLevel) return inByteAlphabet(text);
  if (notation.startsWithSpace)
    return text.startsWith(" ") ? text.slice(1) : notation.continuingPrefix + text;
  return notation.spaceMark === undefined ? text : text.replaceAll(" ", notation.spaceMark);
}
