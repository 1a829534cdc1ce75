export {
  type ClassifiedTokens,
  classifyTokens,
  NO_CLASS,
  TOKEN_CLASSES,
  type TokenClass,
} from "./classify-tokens.ts";
export { compareVocabularies, type VocabularyOverlap } from "./compare-vocabularies.ts";
export { type LanguageShares, languageShares } from "./language-shares.ts";
export type { ParallelQuality } from "./measure-parallel.ts";
export {
  type Fairness,
  measureQuality,
  type NamedFile,
  type QualityOptions,
  type QualityReport,
  type TokenizerQuality,
} from "./measure-quality.ts";
export type { RoundTrips, TextQuality, TextSize } from "./measure-text.ts";
export { measureWords, type WordListQuality } from "./measure-words.ts";
export {
  type Reachability,
  testReachability,
  type UnreachableCause,
  type UnreachableToken,
} from "./reachability.ts";
export { scriptOf, scriptOfText } from "./scripts.ts";
export type { SpecialName } from "./special-names.ts";
export { LONGEST_LISTED, type TokenLengths, tokenLengths } from "./token-lengths.ts";
export { gini, RENYI_ALPHA, type TokenStatistics, tokenStatistics } from "./token-statistics.ts";
export { type WhiteSpaceHandling, whiteSpaceHandling } from "./white-space.ts";
