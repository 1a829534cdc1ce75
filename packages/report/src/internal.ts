export { isLanguageCode, readCardFacts } from "./card-facts.ts";
export type { ReportedFile } from "./report.ts";
