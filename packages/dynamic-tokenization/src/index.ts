export { type ApplyMerges, mergeApplier } from "./apply-merges.ts";
export { type CachedRowsOptions, cachedRows } from "./cached-rows.ts";
export { type CalibratedMerges, calibrateMerges, type MergeDegree, unreachedText } from "./calibrate.ts";
export { type DynamicTablesOptions, dynamicTables, type OwnRows, promptTables } from "./dynamic-tables.ts";
export { type DynamicTokenizer, dynamicTokenizer } from "./dynamic-tokenizer.ts";
export { dynamicVocabulary } from "./dynamic-vocabulary.ts";
export {
  type EncodedDocument,
  type EncodedFile,
  type EncodedMerge,
  type EncodeFileOptions,
  encodeFile,
} from "./encode-file.ts";
export { type HypernetworkRowsOptions, hypernetworkRows } from "./hypernetwork-rows.ts";
export {
  type BatchMerges,
  type DynamicMerges,
  firstMerges,
  type Merge,
  type MergeBatchOptions,
  mergeBatch,
} from "./merge-batch.ts";
export { type MethodRowsOptions, methodRows } from "./method-rows.ts";
export { plannedRows } from "./planned-rows.ts";
export type { RowProvider, RowRequest, TokenRows } from "./row-provider.ts";
export {
  BOUNDARIES,
  type Boundaries,
  type SegmentedText,
  type SegmentingTokenizer,
  segmentText,
  segmentTexts,
} from "./segments.ts";
