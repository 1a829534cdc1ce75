export {
  type BitsPerByte,
  type BitsPerByteOptions,
  bitsPerByte,
  planWindows,
  type Window,
} from "./bits-per-byte.ts";
export {
  type ByteDistribution,
  type ByteDistributions,
  byteDistribution,
  byteDistributions,
} from "./bytes/byte-distribution.ts";
export {
  type ByteLevelScore,
  type ByteLevelScoreOptions,
  byteLevelScore,
  type SkippedDocument,
} from "./bytes/byte-level-score.ts";
export type { DocumentByteScore } from "./bytes/read-document.ts";
export type { ByteReadingOptions } from "./bytes/reading-context.ts";
export type { BeginChoice, LostCharacters, TextTokenizer } from "./encode-documents.ts";
export {
  bitsPerByteOf,
  type EvaluateTextOptions,
  type Evaluation,
  evaluateText,
  prepareScoring,
  scoreTokens,
} from "./evaluate-text.ts";
export {
  compareLosses,
  type LossComparison,
  type LossesOf,
  type PlaceLoss,
  type StretchBits,
  type StretchLoss,
} from "./losses/compare-losses.ts";
export type { AskedText, DocumentLosses, TextPlace } from "./losses/document-losses.ts";
export {
  type DocumentLoss,
  type GroupLoss,
  type Loss,
  type LossByToken,
  type LossByTokenOptions,
  lossByToken,
  type TokenGroup,
  type TokenLoss,
} from "./losses/loss-by-token.ts";
export {
  type PseudoLikelihood,
  type PseudoLikelihoodOptions,
  pseudoLikelihood,
} from "./pseudo-likelihood.ts";
export type {
  ModelShape,
  Scored,
  TextScoring,
} from "./text-scoring.ts";
