export type {
  FeedForwardDescription,
  LinearDescription,
  NormDescription,
  TransformerDescription,
} from "./description.ts";
export { FAMILIES, familyOf } from "./families/families.ts";
export { type Generated, type GenerateOptions, generate } from "./generate.ts";
export { activate } from "./graph/activate.ts";
export { feedForward } from "./graph/feed-forward.ts";
export { linear } from "./graph/linear.ts";
export { norm } from "./graph/norm.ts";
export { flatten } from "./graph/ports.ts";
export { languageModel, type TransformerLanguageModel } from "./language-model.ts";
export { type ModelTables, tablesOf } from "./model-tables.ts";
export {
  type BodyCache,
  type ContinuedBody,
  type OpenTransformerOptions,
  openTransformer,
  type Transformer,
} from "./open-transformer.ts";
export { openWeights, type Weights } from "./weights.ts";
export { type WriteTextsOptions, writeTexts } from "./write-texts.ts";
