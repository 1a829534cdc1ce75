export {
  type ComparedMethod,
  type CompareOptions,
  compareMethods,
  labelOf,
  type MethodComparison,
} from "./compare-methods.ts";
export {
  type ByteLevelSummary,
  evaluateModel,
  type ModelEvaluation,
  type ScoringOptions,
} from "./evaluate-model.ts";
export { type GeneratedText, type GenerateTextOptions, generateText } from "./generate-text.ts";
export { type LeaveOut, type LeaveOutOptions, leaveOut } from "./leave-out/leave-out.ts";
export type { LeaveOutTable } from "./leave-out/measure-table.ts";
export { type MeasuredText, type MeasuringSwap, measureSwap, type SwapEvaluation } from "./measure-swap.ts";
export type { MethodContest } from "./pick-method.ts";
export { bitsPerByteOf } from "./scores.ts";
