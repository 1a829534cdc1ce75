export { type LossGradients, type LossGradientsOptions, lossGradients } from "./loss-gradients.ts";
export type { Teacher } from "./teacher.ts";
export type {
  LearningRows,
  RowsThatChanged,
  TrainedRows,
  TrainingBudget,
  TrainingReport,
  TrainRowsOptions,
} from "./train-rows.ts";
export { trainRows } from "./train-rows.ts";
