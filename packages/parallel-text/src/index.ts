export type {
  AlignedFiles,
  AlignFilesOptions,
  DictionaryAgreement,
  DictionaryAgreementOptions,
} from "./align/align-files.ts";
export { alignFiles, dictionaryAgreement } from "./align/align-files.ts";
export type { AlignedWords, AlignWordsOptions, DirectionSummary } from "./align/align-words.ts";
export { alignWords } from "./align/align-words.ts";
export type { Symmetrization } from "./align/symmetrize.ts";
export { SYMMETRIZATIONS, symmetrize } from "./align/symmetrize.ts";
export type { WordAlignment } from "./align/word-alignment.ts";
export type { MixCorpusOptions, MixedCorpus } from "./mix/mix-corpus.ts";
export { mixCorpus } from "./mix/mix-corpus.ts";
export type { MixedForm, SideCounts } from "./mix/mix-lines.ts";
export { MIXED_FORMS } from "./mix/mix-lines.ts";
export type { ReadPharaohOptions } from "./pharaoh.ts";
export { pharaohText, readPharaoh } from "./pharaoh.ts";
export type { ParallelLines, ParallelPaths } from "./read-parallel-lines.ts";
export { readParallelLines, splitPathPair } from "./read-parallel-lines.ts";
export type { LineWord, WordCut } from "./words-of-line.ts";
export { WORD_CUTS, wordsOfLine } from "./words-of-line.ts";
