import { showLine, type TokenId, type Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";

/** How long the tokens of a vocabulary are, those of text and bytes. */
export interface TokenLengths {
  readonly meanBytes: number;
  /** Tokens by their bytes: of 1 byte first; the last place counts all of {@link LONGEST_LISTED} bytes and more. */
  readonly byBytes: readonly number[];
  /** Null for a vocabulary without text. */
  readonly longest: { readonly id: TokenId; readonly token: string; readonly bytes: number } | null;
}

const LONGEST_SHOWN = 200;

/** Longer tokens are counted together. */
export const LONGEST_LISTED = 24;

/** Counts the tokens of each length. */
export function tokenLengths(vocabulary: Vocabulary): TokenLengths {
  const byBytes = new Array<number>(LONGEST_LISTED).fill(0);
  let tokens = 0;
  let total = 0;
  let longest = { id: -1, bytes: 0 };
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    if (kind !== "text" && kind !== "byte") continue;
    const bytes = vocabulary.bytesOf(id).length;
    if (bytes === 0) continue;
    tokens++;
    total += bytes;
    byBytes[Math.min(bytes, LONGEST_LISTED) - 1]++;
    if (bytes > longest.bytes) longest = { id, bytes };
  }
  return {
    meanBytes: tokens === 0 ? 0 : total / tokens,
    byBytes,
    longest:
      longest.id < 0
        ? null
        : { ...longest, token: showLine(displayToken(vocabulary, longest.id), LONGEST_SHOWN) },
  };
}
