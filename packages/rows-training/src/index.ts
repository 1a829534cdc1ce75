export type {
  LearningRows,
  RowsThatChanged,
  TrainedRows,
  TrainingBudget,
  TrainingReport,
  TrainRowsOptions,
} from "./train-rows.ts";
export { trainRows } from "./train-rows.ts";
