export { longestPrefixEncoder } from "./longest-prefix.ts";
export { type LargeVocabulary, openLargeVocabulary } from "./open-large-vocabulary.ts";
export { requireModel } from "./require-model.ts";
export {
  openShortlistModel,
  type ShortlistMass,
  type ShortlistModel,
  type ShortlistModelOptions,
} from "./shortlist-model.ts";
export type { VocabularyFacts } from "./vocabulary-format.ts";
