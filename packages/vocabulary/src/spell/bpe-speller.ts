import type { TokenId } from "@revocab/core";
import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import { characterLength } from "../bytes/characters.ts";
import type { Notation } from "../notation.ts";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { mergeSymbols } from "./merge-symbols.ts";
import { byteTokenIds, type Speller, type SpellerInput } from "./speller.ts";

/**
 * BPE: the smallest symbols of the model for the bytes (characters, or byte tokens for a character without a token), merged by
 * rank. With `ignore_merges` a token that is exactly the bytes is used without merging. Hidden tokens are split as described
 * at {@link mergeSymbols}, a hidden character into its byte tokens.
 */
export function bpeSpeller(input: SpellerInput, model: Extract<ModelJson, { type: "BPE" }>): Speller {
  const { notation, index, kindOf, hidden } = input;
  const { byteTokens, symbolize } = bpeSymbols(input, model);

  /** The byte tokens of a hidden character; `undefined` if one is missing. */
  const bytewise = (id: TokenId): Int32Array | undefined => {
    const ids = Int32Array.from(hidden.get(id)!, (byte) => byteTokens[byte]);
    return ids.includes(-1) ? undefined : ids;
  };

  /** Appends the pieces of a word to `into`; false if a hidden character has no byte tokens. */
  const merge = (symbols: readonly TokenId[], into: TokenId[]): boolean => {
    for (const piece of mergeSymbols(symbols, model.merges, (id) => hidden.has(id))) {
      const ids = hidden.has(piece) ? bytewise(piece) : [piece];
      if (ids === undefined) return false;
      into.push(...ids);
    }
    return true;
  };

  return (bytes) => {
    if (model.ignoresMerges) {
      for (let id = index.find(bytes, 0, bytes.length); id >= 0; id = index.next(id)) {
        if (kindOf(id) === "text") return Uint32Array.of(id);
      }
    }
    const words = wordsOf(bytes, notation);
    if (words === undefined) return undefined;
    const pieces: TokenId[] = [];
    for (const word of words) {
      const symbolsOfWord: TokenId[] = [];
      if (!symbolize(bytes, word, symbolsOfWord) || !merge(symbolsOfWord, pieces)) return undefined;
    }
    return Uint32Array.from(pieces);
  };
}

interface BpeSymbols {
  /** [256] the ids of byte tokens, −1 for missing ones. */
  readonly byteTokens: Int32Array;
  /** Appends the symbols of bytes[start … end) to `into`; false if a byte has none. */
  symbolize(bytes: Uint8Array, word: Word, into: TokenId[]): boolean;
}

/** The smallest symbols of a BPE for bytes: a byte, a character, or the byte tokens of a character without a token. */
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
          // A literal ▁ has no symbol: in this notation it is a space.
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

/** Caches the lookups: building the string is the slow part. */
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

interface Word {
  readonly start: number;
  readonly end: number;
  /** The first character has no continuing prefix. */
  readonly startsWord: boolean;
  /** The last character has the end suffix. */
  readonly endsWord: boolean;
}

/**
 * The words within which a BPE merges, if it marks the edges of words; otherwise the whole. A mark stands for a space, so a
 * space with no word beside it has no spelling: `undefined`.
 */
function wordsOf(bytes: Uint8Array, { startsWithSpace, endSuffix }: Notation): Word[] | undefined {
  if (!startsWithSpace && endSuffix === "") {
    return [{ start: 0, end: bytes.length, startsWord: true, endsWord: false }];
  }
  const words: Word[] = [];
  for (let start = 0; start < bytes.length; ) {
    const startsWord = startsWithSpace && bytes[start] === SPACE;
    if (startsWord) start++;
    let end = start;
    while (end < bytes.length && bytes[end] !== SPACE) end++;
    if (end === start) return undefined;
    const endsWord = endSuffix !== "" && end < bytes.length;
    words.push({ start, end, startsWord: startsWord || endSuffix !== "", endsWord });
    start = endsWord ? end + 1 : end;
  }
  return words;
}

const SPACE = 0x20;
