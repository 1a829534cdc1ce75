import type { TokenId } from "@revocab/core";
import { characterLength } from "../bytes/characters.ts";
import type { Speller, SpellerInput } from "./speller-of.ts";

/**
 * WordPiece and WordLevel: from the left, always the longest token. Their bytes carry the marks: a piece that starts a
 * word begins with a space, one inside a word does not, so ` unhappy bird` → `un ##happy bird`, and a space
 * with no word after it cannot be spelled. The library's limit of 100 characters a word, there for speed, is not kept.
 */
export function greedySpeller({ json, notation, index, kindOf }: SpellerInput): Speller {
  const added = new Set(json.added.map(({ id }) => id));
  const isPiece = (id: TokenId): boolean => kindOf(id) === "text" && !added.has(id);
  return (bytes) => {
    const pieces: TokenId[] = [];
    for (let start = 0; start < bytes.length; ) {
      let piece = -1;
      let pieceEnd = start;
      index.forEachPrefix(bytes, start, (first, end) => {
        if (!notation.isByteLevel && end < bytes.length && characterLength(bytes, end) === 0) return;
        for (let id = first; id >= 0; id = index.next(id)) {
          if (!isPiece(id)) continue;
          piece = id;
          pieceEnd = end;
          return;
        }
      });
      if (piece < 0) return undefined;
      pieces.push(piece);
      start = pieceEnd;
    }
    return Uint32Array.from(pieces);
  };
}
