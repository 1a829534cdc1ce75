export { explainToken, findToken, type TokenExplanation } from "./explain-token.ts";
export { makePlan } from "./make-plan.ts";
export type { DonorOptions } from "./model/donor.ts";
export type { HashOptions } from "./model/hash-files.ts";
export {
  type Inspection,
  type InspectOptions,
  inspectPath,
  type ModelInspection,
  type Predictions,
  type TokenizerInspection,
} from "./model/inspect-path.ts";
export { type OpenModel, openModel } from "./model/open-model.ts";
export { openPlan } from "./open-plan.ts";
export { PLAN_FORMAT, PLAN_VERSION } from "./plan-format.ts";
export type { DigitRows, PlanOptions } from "./plan-options.ts";
export { type ReplacingRows, replaceRows } from "./replace-rows.ts";
export { checkPlanPlace, savePlan } from "./save-plan.ts";
export { type PlanSummary, summarizePlan, type TableSummary } from "./summarize-plan.ts";
export {
  type AlignmentSummary,
  labelOfRow,
  type PlannedSwap,
  type PlanSource,
  type PlanTraining,
  type Recipe,
  type RecipeMethod,
  type SourceLabels,
  type SwapPlan,
  type TrainingText,
} from "./swap-plan.ts";
export type { ChatTemplateChoice, ChosenChatTemplate, FileTemplate } from "./target/chat-template.ts";
export {
  type FittedTokenizer,
  type Fitting,
  type FittingOptions,
  fitTokenizer,
  type SpecialTokensChoice,
} from "./target/fit-tokenizer.ts";
export { type PlanTarget, tokenizerOf } from "./target/plan-target.ts";
export type { ChatMessage } from "./target/render-chat.ts";
export type { RenderedSample } from "./target/render-sample.ts";
