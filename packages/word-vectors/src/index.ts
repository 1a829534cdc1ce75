export { type AlignSpacesOptions, alignSpaces, type SpaceAlignment } from "./align/align-spaces.ts";
export {
  type HeldOutPrecisionOptions,
  heldOutPrecision,
  type SplitPairsOptions,
  splitPairs,
} from "./align/held-out-precision.ts";
export { rotateVectors } from "./align/rotate-vectors.ts";
export {
  type TranslationPrecision,
  type TranslationPrecisionOptions,
  translationPrecision,
} from "./align/translation-precision.ts";
export type { FastTextArguments, FastTextDictionary, FastTextModel } from "./files/fasttext-model.ts";
export { vectorsOfModel } from "./files/make-word-vectors.ts";
export { ngramBuckets } from "./files/ngrams.ts";
export { readFastText } from "./files/read-fasttext.ts";
export { readTextVectors } from "./files/read-text-vectors.ts";
export type { ReadVectorsOptions } from "./files/read-vectors-options.ts";
export { readWordVectors } from "./files/read-word-vectors.ts";
export { readWord2VecBinary } from "./files/read-word2vec-binary.ts";
export { writeFastText } from "./files/write-fasttext.ts";
export { type WriteTextOptions, writeTextVectors } from "./files/write-text-vectors.ts";
export { trainWordVectors } from "./train/train-word-vectors.ts";
export type { TrainWordVectorsOptions } from "./train/training-options.ts";
export { storedVectors, type WordVectors } from "./word-vectors.ts";
