export {
  type ByteLevelOptions,
  type ByteLevelTokenizer,
  convertToByteLevel,
} from "./byte-level/convert-to-byte-level.ts";
export type { TextCuts } from "./cuts/text-cuts.ts";
export { displayToken } from "./display-token.ts";
export type { Corpus } from "./edit/corpus-batches.ts";
export {
  type AddedEntry,
  type ExtendedTokenizer,
  extendTokenizer,
  type TokenizerExtension,
} from "./edit/extend-tokenizer.ts";
export { type LearnedTokenizer, type LearningOptions, learnPieces } from "./edit/learn-pieces.ts";
export { nameRole } from "./edit/name-role.ts";
export type { NewAddedToken, NewPiece, Refusal } from "./edit/new-entries.ts";
export { type PrunedTokenizer, type PruneOptions, pruneTokenizer } from "./edit/prune-tokenizer.ts";
export { type RenamedToken, renameTokens, type TokenRename } from "./edit/rename-tokens.ts";
export { fingerprint } from "./fingerprint.ts";
export { type FrameTokens, frameTokens } from "./frame/frame-tokens.ts";
export { BARE_FRAME, type FrameItem, type TextFrame } from "./frame/text-frame.ts";
export { withFrame } from "./frame/with-frame.ts";
export { loadTokenizer } from "./load-tokenizer.ts";
export { asFastFiles } from "./publish/as-fast-files.ts";
export { isChatTemplateFile } from "./publish/chat-templates-of.ts";
export type { TokenizerFamily } from "./read-notation.ts";
export type { TokenizerReading } from "./reference/tokenizer-reading.ts";
export type { ModelReader } from "./sentencepiece/arrange-pieces.ts";
export { convertSentencePiece } from "./sentencepiece/convert-sentencepiece.ts";
export { type AddedToken, addedTokensOf } from "./special/added-tokens-of.ts";
export type { BpeNeighbours } from "./spell/bpe-neighbours.ts";
export type { EncodedTexts, Tokenizer } from "./tokenizer.ts";
export { isTokenizerFile, TOKENIZER_FILES } from "./tokenizer-files.ts";
export { type ReadingOptions, tokenizerFromFiles } from "./tokenizer-from-files.ts";
export { unlessRefused, type WrittenText, writableEncoder } from "./writable-encoder.ts";
