export type { TrainingBudget } from "./budget.ts";
export { type LossGradients, type LossGradientsOptions, lossGradients } from "./loss-gradients.ts";
export type { Teacher } from "./teacher.ts";
export { trainRows } from "./train-rows.ts";
export type {
  LearningRows,
  Objective,
  RowsOfTables,
  RowsThatChanged,
  TrainedRows,
  TrainingReport,
  TrainingStateOptions,
  TrainRowsOptions,
} from "./train-rows-options.ts";
