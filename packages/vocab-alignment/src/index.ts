export type { AlignOptions } from "./align-vocabularies.ts";
export { alignVocabularies } from "./align-vocabularies.ts";
export { extendsVocabulary } from "./extends-vocabulary.ts";
