import type { ModelDocument } from "../byte-level/tokenizer-document.ts";

/** A Unigram lists its pieces, ids being places in the list; the others map them to ids. */
export function isPieceList(
  vocab: ModelDocument["vocab"],
): vocab is readonly (readonly [piece: string, score: number])[] {
  return Array.isArray(vocab);
}
