export {
  type AdapterReport,
  type ApplyToAdapterOptions,
  applySavedPlanToAdapter,
  applyToAdapter,
  baseOfAdapter,
} from "./adapter/apply-to-adapter.ts";
export {
  type EditPlanSummary,
  type EditReport,
  type EditVocabularyOptions,
  editVocabulary,
  planVocabularyEdit,
} from "./edit/edit-vocabulary.ts";
export { type CorpusFile, readCorpus } from "./edit/read-corpus.ts";
export {
  type LargeVocabularyReport,
  type WriteLargeVocabularyOptions,
  writeLargeVocabulary,
} from "./edit/write-large-vocabulary.ts";
export { type HealModelOptions, healModel } from "./heal/heal-model.ts";
export type { HealOptions } from "./heal/healing.ts";
export { type ApplyOptions, applyPlan } from "./swap/apply-plan.ts";
export { checkOutputPlace, type OutputPlace } from "./swap/stage-output.ts";
export { type StreamedModel, type StreamSwapOptions, streamSwap } from "./swap/stream-swap.ts";
export {
  applySavedPlan,
  type PlanSwapOptions,
  planTokenizerSwap,
  type SwapOptions,
  swapTokenizer,
} from "./swap/swap-tokenizer.ts";
