export { byteToken, inByteAlphabet } from "./bytes/byte-alphabet.ts";
export {
  DIGIT_SCHEMES,
  FITTING_SHARE,
  isDigitToken,
  NUMBERS,
  PURE_SCHEMES,
  type SplitNumbers,
  schemeOf,
  splitNumbers,
} from "./digit-scheme.ts";
export { displayBytes } from "./display-bytes.ts";
export { quoteToken } from "./display-token.ts";
export type { Notation } from "./notation.ts";
export { libraryQueue } from "./runtime/library-queue.ts";
export { readCharsmap } from "./sentencepiece/read-charsmap.ts";
export { mergeSymbols, mergeUntil } from "./spell/merge-symbols.ts";
export { UNKNOWN_PENALTY } from "./spell/unigram-speller.ts";
export { backtracksLittle } from "./text-cuts.ts";
export { OTHER_VOCABULARY_FILES } from "./tokenizer-files.ts";
export { encodeSettings, isObject, type JsonObject, parseJson } from "./tokenizer-json/json-file.ts";
export { openTokenizerJson, parseTokenizerJson } from "./tokenizer-json/parse-tokenizer-json.ts";
export type { MergeTable } from "./tokenizer-json/read-merges.ts";
export {
  type AddedTokenDocument,
  type ComponentDocument,
  documentOf,
  isPieceList,
  type ModelDocument,
  mergesOf,
  renumberPostProcessor,
  type TokenizerDocument,
  type TokenizerParts,
  takeApart,
} from "./tokenizer-json/tokenizer-document.ts";
export type { AddedTokenJson, TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";
