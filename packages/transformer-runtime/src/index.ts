export type { TransformerDescription } from "./description.ts";
export { FAMILIES, familyOf } from "./families/families.ts";
export { type Generated, type GenerateOptions, generate } from "./generate.ts";
export { type ModelTables, tablesOf } from "./head.ts";
export { languageModel, type TransformerLanguageModel } from "./language-model.ts";
export {
  type BodyCache,
  type ContinuedBody,
  type OpenTransformerOptions,
  openTransformer,
  type Transformer,
} from "./open-transformer.ts";
export { type WriteTextsOptions, writeTexts } from "./write-texts.ts";
