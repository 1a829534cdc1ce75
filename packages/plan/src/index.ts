export { explainToken, findToken, type TokenExplanation } from "./explain-token.ts";
export { makePlan, type PlanOptions } from "./make-plan.ts";
export {
  type Inspection,
  inspectPath,
  type ModelInspection,
  type TokenizerInspection,
} from "./model/inspect-path.ts";
export { type OpenModel, openModel } from "./model/open-model.ts";
export { type OpenPlan, openPlan } from "./open-plan.ts";
export { PLAN_FORMAT, PLAN_VERSION } from "./plan-format.ts";
export { checkPlanPlace } from "./plan-place.ts";
export { savePlan } from "./save-plan.ts";
export { type PlanSummary, summarizePlan, type TableSummary } from "./summarize-plan.ts";
export type { AlignmentSummary, PlanSource, PlanTarget, Recipe, SwapPlan } from "./swap-plan.ts";
export type { ChatTemplateChoice } from "./target/chat-template.ts";
export {
  type FittedTokenizer,
  type Fitting,
  type FittingOptions,
  fitTokenizer,
  type SpecialTokensChoice,
} from "./target/fit-tokenizer.ts";
