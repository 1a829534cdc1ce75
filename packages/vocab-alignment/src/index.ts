export type { AlignOptions } from "./align-vocabularies.ts";
export { alignVocabularies } from "./align-vocabularies.ts";
export { compareDigits, type DigitComparison, describeAgreement, splitsDiffer } from "./compare-digits.ts";
export type { Coverage, Dictionary, KnownWords, WordPair } from "./dictionary.ts";
export { caseVariants, coverageOf, knownForms, readDictionary } from "./dictionary.ts";
export { extendsVocabulary } from "./extends-vocabulary.ts";
export { type PairedReading, pairedReading, type SharedStart, type TextReader } from "./paired-reading.ts";
