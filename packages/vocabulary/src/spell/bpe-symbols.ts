import type { TokenId } from "@revocab/core";
import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import { characterLength } from "../bytes/characters.ts";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { byteTokenIds } from "./byte-token-ids.ts";
import type { SpellerInput } from "./speller-of.ts";
import type { wordsOf } from "./words-of.ts";

export type Word = NonNullable<ReturnType<typeof wordsOf>>[number];

export interface BpeSymbols {
  /** [256] the ids of byte tokens, −1 for those that are missing. */
  readonly byteTokens: Int32Array;
  /** Appends the symbols of bytes[start … end) to `into`; false where a byte has none. */
  symbolize(bytes: Uint8Array, word: Word, into: TokenId[]): boolean;
}

/** The smallest symbols a BPE model has for bytes: a byte, or a character; for one it lacks, its byte tokens. */
export function bpeSymbols(
  { json, notation, kindOf, hidden }: SpellerInput,
  model: Extract<ModelJson, { type: "BPE" }>,
): BpeSymbols {
  const byteTokens = byteTokenIds(json, notation, kindOf);
  const idOfPiece = (piece: string): TokenId => {
    const id = json.pieces.idOf(piece);
    return id !== undefined && (kindOf(id) === "text" || hidden.has(id)) ? id : -1;
  };
  const symbols = symbolTable(idOfPiece);
  return {
    byteTokens,
    symbolize(bytes, { start, end, startsWord, endsWord }, into) {
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
    },
  };
}

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
