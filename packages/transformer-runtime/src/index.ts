export type { TransformerDescription } from "./description.ts";
export { FAMILIES, familyOf } from "./families/families.ts";
export {
  type Generated,
  type GenerateOptions,
  generate,
  type NextTokens,
  type TextContinuer,
} from "./generate.ts";
export { type ModelTables, tablesOf } from "./head.ts";
export {
  type FixedHead,
  type HeadGradient,
  type HeadLoss,
  openHeadGradient,
  type WeighLosses,
} from "./head-gradient.ts";
export {
  languageModel,
  type OpenLanguageModel,
  type ScoreRequest,
  scoreTogether,
  startTokensOf,
} from "./language-model.ts";
export { type OpenTransformer, type OpenTransformerOptions, openTransformer } from "./open-transformer.ts";
export type { GradientBatch } from "./run/run-gradients.ts";
export type { Schedule } from "./run/schedule.ts";
export type { Source } from "./run/sources.ts";
export type { BodyCache, ContinuedBody } from "./run/text-grower.ts";
export { type WriteTextsOptions, writeTexts } from "./write-texts.ts";
