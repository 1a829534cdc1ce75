export {
  type ByteLevelOptions,
  type ByteLevelTokenizer,
  convertToByteLevel,
} from "./byte-level/convert-to-byte-level.ts";
export { isChatTemplateFile } from "./chat-templates.ts";
export {
  type DigitScheme,
  type DigitSchemeName,
  describeDigits,
  digitScheme,
  type NumberWriter,
  type PureScheme,
} from "./digit-scheme.ts";
export { displayToken } from "./display-token.ts";
export { fingerprint } from "./fingerprint.ts";
export { loadTokenizer } from "./load-tokenizer.ts";
export type { TokenizerFamily } from "./notation.ts";
export { asFastFiles } from "./open/fast-config.ts";
export {
  describeGguf,
  type GgufPrediction,
  type GgufSubject,
  predictGguf,
} from "./predictions/predict-gguf.ts";
export {
  describeReference,
  predictReference,
  type ReferencePrediction,
} from "./predictions/predict-reference.ts";
export {
  DEVICES,
  predictServing,
  type ServedRows,
  type ServingPrediction,
} from "./predictions/predict-serving.ts";
export type { TokenizerReading } from "./reference/tokenizer-reading.ts";
export type { ModelReader } from "./sentencepiece/arrange-pieces.ts";
export { convertSentencePiece } from "./sentencepiece/convert-sentencepiece.ts";
export type { BpeNeighbours } from "./spell/bpe-neighbours.ts";
export type { TextCuts } from "./text-cuts.ts";
export { BARE_FRAME, type FrameItem, type FrameTokens, frameTokens, type TextFrame } from "./text-frame.ts";
export type { EncodedTexts, ReadingOptions, Tokenizer } from "./tokenizer.ts";
export { isTokenizerFile, TOKENIZER_FILES } from "./tokenizer-files.ts";
export { tokenizerFromFiles } from "./tokenizer-from-files.ts";
export { type AddedToken, addedTokensOf } from "./tokenizer-json/tokenizer-document.ts";
export { withFrame } from "./with-frame.ts";
export { unlessRefused, type WrittenText, writableEncoder } from "./writable-encoder.ts";
