export { inspectTraining, type SuspectedToken, type TrainingInspection } from "./inspect-training.ts";
export {
  type TokenTraining,
  type TrainingIndicator,
  type WellTrainedOptions,
  wellTrainedTokens,
} from "./well-trained.ts";
