export {
  type ComparedMethod,
  type ComparedText,
  type CompareOptions,
  compareMethods,
  labelOf,
  type MethodComparison,
  type MethodContest,
} from "./compare-methods.ts";
export type { ComparingOptions } from "./comparison-texts.ts";
export type {
  DynamicEvaluation,
  DynamicRows,
  DynamicScoringOptions,
  PrefillScore,
  ReducedEvaluation,
} from "./dynamic-evaluation.ts";
export { evaluateDynamic } from "./evaluate-dynamic.ts";
export {
  type EvaluateMixtureOptions,
  evaluateMixture,
  type MixtureEvaluation,
} from "./evaluate-mixture.ts";
export {
  type ByteLevelSummary,
  evaluateModel,
  type ModelEvaluation,
  type ScoringOptions,
} from "./evaluate-model.ts";
export {
  type EvaluateServedOptions,
  evaluateServedModel,
  type ServedEvaluation,
} from "./evaluate-served-model.ts";
export { type GenerateBytesOptions, type GeneratedBytes, generateBytes } from "./generate-bytes.ts";
export { type GeneratedText, type GenerateTextOptions, generateText } from "./generate-text.ts";
export {
  type HiddenToken,
  type LeaveOut,
  type LeaveOutOptions,
  type LeaveOutTable,
  leaveOut,
} from "./leave-out/leave-out.ts";
export {
  type MeasuredText,
  type MeasuringOptions,
  type MeasuringSwap,
  measureSwap,
  type SwapEvaluation,
} from "./measure-swap.ts";
export type { VotersOptions } from "./open-voters.ts";
export type { SwapLosses } from "./swap-losses.ts";
