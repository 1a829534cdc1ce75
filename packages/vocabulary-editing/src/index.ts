export type { Corpus } from "./corpus.ts";
export {
  type EditedTokenizer,
  editTokenizer,
  type RemovedToken,
  type VocabularyEdit,
} from "./edit-tokenizer.ts";
export {
  type AddedEntry,
  type ExtendedTokenizer,
  extendTokenizer,
  type TokenizerExtension,
} from "./extend-tokenizer.ts";
export { type LearnedTokenizer, type LearningOptions, learnPieces } from "./learn-pieces.ts";
export type { NewAddedToken, NewPiece, Refusal } from "./new-entries.ts";
export { type PrunedTokenizer, type PruneOptions, pruneTokenizer } from "./prune-tokenizer.ts";
export { readTokenList, type TokenList } from "./read-token-list.ts";
export { nameRole, type RenamedToken, renameTokens, type TokenRename } from "./rename-tokens.ts";
