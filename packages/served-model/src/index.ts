export { type OpenServedModelOptions, openServedModel, type ServedModel } from "./open-served-model.ts";
export type { Dialect } from "./prompt-scores.ts";
