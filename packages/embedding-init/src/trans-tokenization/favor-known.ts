import type { InitContext, TokenId } from "@revocab/core";
import { addCount, type TokenCounts } from "./token-counts.ts";

/** Adds what is known without any text: one count from a token to the same token, and from a number to its spelling. */
export function favorKnown(
  counts: TokenCounts,
  { alignment, target: { vocabulary } }: Pick<InitContext, "alignment" | "target">,
): void {
  const { sourceOf, pieceOffsets, pieces } = alignment;
  for (let token = 0; token < vocabulary.size; token++) {
    const kind = vocabulary.kindOf(token);
    if (kind !== "text" && kind !== "byte") continue;
    if (sourceOf[token] >= 0) addCount(counts, token, sourceOf[token], 1);
    else if (isNumber(vocabulary.bytesOf(token))) {
      const spelling = pieces.subarray(pieceOffsets[token], pieceOffsets[token + 1]);
      for (const piece of spelling) addCount(counts, token, piece as TokenId, 1 / spelling.length);
    }
  }
}

/** ASCII digits, with or without a space before them. */
function isNumber(bytes: Uint8Array): boolean {
  const digits = bytes[0] === SPACE ? bytes.subarray(1) : bytes;
  return digits.length > 0 && digits.every((byte) => byte >= ZERO && byte <= NINE);
}

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
