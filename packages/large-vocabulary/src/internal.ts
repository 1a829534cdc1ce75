/** What other packages of revocab share; it may change at any time. */
export { measureShares } from "./measure-shares.ts";
export { saveFacts, saveLargeVocabulary } from "./save-large-vocabulary.ts";
export { FILES } from "./vocabulary-format.ts";
