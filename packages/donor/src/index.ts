export { ANCHOR_FILTERS, type AnchorFilter, type AnchorOptions } from "./anchors.ts";
export { type OmpOptions, omp, ompEntry } from "./omp.ts";
export {
  type TokenTraining,
  type TrainingIndicator,
  type WellTrainedOptions,
  wellTrainedTokens,
} from "./well-trained.ts";
