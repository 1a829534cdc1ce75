export type { TransformerDescription } from "./description.ts";
export { FAMILIES, familyOf } from "./families.ts";
export { type Generated, type GenerateOptions, generate } from "./generate.ts";
export { languageModel, type TransformerLanguageModel } from "./language-model.ts";
export { type ModelTables, tablesOf } from "./model-tables.ts";
export {
  type BodyCache,
  type ContinuedBody,
  type OpenTransformerOptions,
  openTransformer,
  type Transformer,
} from "./open-transformer.ts";
