export {
  type AdapterReport,
  type ApplyToAdapterOptions,
  applySavedPlanToAdapter,
  applyToAdapter,
  baseOfAdapter,
} from "./adapter/apply-to-adapter.ts";
export type { RewrittenTensor, WrittenAdapter } from "./adapter/write-adapter.ts";
export { type ApplyOptions, applyPlan } from "./apply-plan.ts";
export { type CardFacts, cardFacts } from "./card-facts.ts";
export type { ChatTemplateChoice } from "./chat-template.ts";
export {
  type ComparedMethod,
  type CompareOptions,
  compareMethods,
  labelOf,
  type MethodComparison,
} from "./compare-methods.ts";
export type { EditRecipe, FileRecord, TextRecord } from "./edit-recipe.ts";
export {
  type EditPlanSummary,
  type EditReport,
  type EditVocabularyOptions,
  editVocabulary,
  planVocabularyEdit,
} from "./edit-vocabulary.ts";
export {
  type ByteLevelSummary,
  evaluateModel,
  type ModelEvaluation,
  type ScoringOptions,
} from "./evaluate-model.ts";
export { explainToken, findToken, type TokenExplanation } from "./explain-token.ts";
export {
  type FittedTokenizer,
  type Fitting,
  type FittingOptions,
  fitTokenizer,
  type SpecialTokensChoice,
} from "./fit-tokenizer.ts";
export type { GateReport } from "./gate.ts";
export { type GeneratedText, type GenerateTextOptions, generateText } from "./generate-text.ts";
export {
  type Inspection,
  inspectPath,
  type ModelInspection,
  type TokenizerInspection,
} from "./inspect-path.ts";
export { makePlan, type PlanOptions } from "./make-plan.ts";
export { type MeasuredText, type MeasuringSwap, measureSwap, type SwapEvaluation } from "./measure-swap.ts";
export { modelCard } from "./model-card.ts";
export { type OpenModel, openModel } from "./open-model.ts";
export { type OpenPlan, openPlan } from "./open-plan.ts";
export type { MethodContest } from "./pick-method.ts";
export { PLAN_FORMAT, PLAN_VERSION } from "./plan-format.ts";
export { checkPlanPlace } from "./plan-place.ts";
export { type CorpusFile, readCorpus } from "./read-corpus.ts";
export type { EditSummary, SwapReport } from "./report.ts";
export { requireOtherRows } from "./require-other-rows.ts";
export { savePlan } from "./save-plan.ts";
export { bitsPerByteOf } from "./scores.ts";
export { checkOutputPlace, type OutputPlace } from "./stage-output.ts";
export { type PlanSummary, summarizePlan, type TableSummary } from "./summarize-plan.ts";
export type { AlignmentSummary, PlanSource, PlanTarget, Recipe, SwapPlan } from "./swap-plan.ts";
export {
  applySavedPlan,
  type PlanSwapOptions,
  planTokenizerSwap,
  type SwapOptions,
  swapTokenizer,
} from "./swap-tokenizer.ts";
