import { inByteAlphabet } from "../byte-level/in-byte-alphabet.ts";
import type { Notation } from "../notation.ts";

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
