import type { TokenId } from "@revocab/core";
import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import { characterLength } from "../bytes/characters.ts";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { byteTokenIds } from "./byte-token-ids.ts";
import { mergeSymbols } from "./merge-symbols.ts";
import type { Speller, SpellerInput } from "./speller-of.ts";
import { wordsOf } from "./words-of.ts";

/**
 * BPE: the bytes as the smallest symbols the model has (a character; for one it lacks, its byte tokens), merged by
 * rank. With `ignore_merges` a token that is exactly the bytes comes before any merging.
 */
export function bpeSpeller(
  { json, notation, index, kindOf }: SpellerInput,
  model: Extract<ModelJson, { type: "BPE" }>,
): Speller {
  const byteTokens = byteTokenIds(json, notation, kindOf);
  const idOfPiece = (piece: string): TokenId => {
    const id = json.pieces.idOf(piece);
    return id !== undefined && kindOf(id) === "text" ? id : -1;
  };
  const symbols = symbolTable(idOfPiece);

  /** Appends the symbols of bytes[start … end) to `into`; false where a byte has none. */
  const symbolize = (
    bytes: Uint8Array,
    { start, end, startsWord, endsWord }: Word,
    into: TokenId[],
  ): boolean => {
    for (let at = start; at < end; ) {
      const length = notation.isByteLevel ? 1 : characterLength(bytes, at);
      const prefix = at === start && startsWord ? "" : model.continuingPrefix;
      const suffix = at + length === end && endsWord ? model.endSuffix : "";
      let id = -1;
      if (notation.isByteLevel) id = symbols(BYTE_ALPHABET.characterOf[bytes[at]], prefix, suffix);
      else if (length > 0) {
        const character = DECODER.decode(bytes.subarray(at, at + length));
        if (character === " " && notation.spaceMark !== undefined)
          id = symbols(notation.spaceMark, prefix, suffix);
        // A literal ▁ cannot be written in this alphabet: there it is a space.
        else if (character !== notation.spaceMark) id = symbols(character, prefix, suffix);
      }
      if (id >= 0) into.push(id);
      else
        for (let i = at; i < at + Math.max(length, 1); i++) {
          if (byteTokens[bytes[i]] < 0) return false;
          into.push(byteTokens[bytes[i]]);
        }
      at += Math.max(length, 1);
    }
    return true;
  };

  return (bytes) => {
    if (model.ignoresMerges) {
      const whole = index.find(bytes, 0, bytes.length);
      if (whole >= 0 && kindOf(whole) === "text") return Uint32Array.of(whole);
    }
    const words = wordsOf(bytes, notation);
    if (words === undefined) return undefined;
    const pieces: Uint32Array[] = [];
    for (const word of words) {
      const ids: TokenId[] = [];
      if (!symbolize(bytes, word, ids)) return undefined;
      pieces.push(mergeSymbols(ids, model.merges));
    }
    return pieces.length === 1 ? pieces[0] : Uint32Array.from(pieces.flatMap((piece) => [...piece]));
  };
}

type Word = NonNullable<ReturnType<typeof wordsOf>>[number];

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Looks a symbol up once per spelling of it: making the string is the slow part. */
function symbolTable(idOfPiece: (piece: string) => TokenId) {
  const known = new Map<string, TokenId>();
  return (character: string, prefix: string, suffix: string): TokenId => {
    const piece = prefix === "" && suffix === "" ? character : prefix + character + suffix;
    let id = known.get(piece);
    if (id === undefined) {
      id = idOfPiece(piece);
      known.set(piece, id);
    }
    return id;
  };
}
