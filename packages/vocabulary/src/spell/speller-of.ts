import type { TokenId } from "@revocab/core";
import { characterLength } from "../bytes/characters.ts";
import { bpeSpeller } from "./bpe-speller.ts";
import type { Speller, SpellerInput } from "./speller.ts";
import { unigramSpeller } from "./unigram-speller.ts";

/**
 * The speller of the model. An added text token is used only if it is exactly the bytes, as the tokenizer itself searches for
 * added tokens before it runs the model.
 */
export function spellerOf(input: SpellerInput): Speller {
  const spell = modelSpeller(input);
  const { index, kindOf } = input;
  const isAddedText = new Set(input.json.added.filter(({ id }) => kindOf(id) === "text").map(({ id }) => id));
  if (isAddedText.size === 0) return spell;
  return (bytes) => {
    for (let id = index.find(bytes, 0, bytes.length); id >= 0; id = index.next(id)) {
      if (isAddedText.has(id)) return Uint32Array.of(id);
    }
    return spell(bytes);
  };
}

function modelSpeller(input: SpellerInput): Speller {
  const { model } = input.json;
  switch (model.type) {
    case "BPE":
      return bpeSpeller(input, model);
    case "Unigram":
      return unigramSpeller(input, model);
    case "WordPiece":
    case "WordLevel":
      return greedySpeller(input);
  }
}

/**
 * WordPiece and WordLevel: from the left, always the longest token. The bytes of a piece that starts a word begin with a
 * space, those of a piece inside a word do not: ` unhappy bird` → `un ##happy bird`. So a space with no word after it has no
 * spelling. The library's limit of 100 characters a word, which is there for speed, is not applied.
 */
function greedySpeller({ json, notation, index, kindOf }: SpellerInput): Speller {
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
