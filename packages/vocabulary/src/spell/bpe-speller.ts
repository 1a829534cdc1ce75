import type { TokenId } from "@revocab/core";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { bpeSymbols } from "./bpe-symbols.ts";
import { mergeSymbols } from "./merge-symbols.ts";
import type { Speller, SpellerInput } from "./speller-of.ts";
import { wordsOf } from "./words-of.ts";

/**
 * BPE: the bytes as the smallest symbols the model has (a character; for one it lacks, its byte tokens), merged by
 * rank. With `ignore_merges` a token that is exactly the bytes comes before any merging. Hidden tokens are taken apart as
 * {@link mergeSymbols} says, a hidden character into its byte tokens.
 */
export function bpeSpeller(input: SpellerInput, model: Extract<ModelJson, { type: "BPE" }>): Speller {
  const { notation, index, kindOf, hidden } = input;
  const { byteTokens, symbolize } = bpeSymbols(input, model);

  /** The byte tokens of a hidden character; `undefined` where one is missing. */
  const bytewise = (id: TokenId): Int32Array | undefined => {
    const ids = Int32Array.from(hidden.get(id)!, (byte) => byteTokens[byte]);
    return ids.includes(-1) ? undefined : ids;
  };

  /** Appends the pieces that the symbols of a word become to `into`; false where a hidden character has no byte tokens. */
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
