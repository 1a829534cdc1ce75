export { type CardFacts, cardFacts } from "./card-facts.ts";
export { type CardOptions, modelCard } from "./model-card.ts";
export type {
  EditRecipe,
  EditSummary,
  FileRecord,
  GateReport,
  InputFiles,
  ReportedFile,
  RewrittenTensor,
  SwapReport,
  TextRecord,
  WrittenAdapter,
} from "./report.ts";
