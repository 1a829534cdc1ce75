export type { AuxiliaryFiles } from "./auxiliary-files.ts";
export { type ConfigChange, type FollowVocabularyOptions, KEEP, type UnmappedValue } from "./config-walk.ts";
export { editJson, type JsonEdit } from "./edit-json.ts";
export type { FileSource, ReadableFile } from "./file-source.ts";
export { localFiles } from "./file-source.ts";
export type { CheckpointTable } from "./find-tables.ts";
export type { TokenIdMap } from "./follow-token-ids.ts";
export { type FollowedVocabulary, followVocabulary } from "./follow-vocabulary.ts";
export type { IdenticalRows } from "./identical-rows.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { type Checkpoint, type OpenCheckpointOptions, openCheckpoint } from "./open-checkpoint.ts";
export {
  type RewriteCheckpointOptions,
  rewriteCheckpoint,
  type WrittenFile,
  type WrittenFiles,
} from "./rewrite-checkpoint.ts";
export { readSafetensorsHeader, type SafetensorsFile, type TensorEntry } from "./safetensors-header.ts";
export type { ProduceTable, TableBlock, TableToProduce } from "./table-writer.ts";
export type { TensorLocation } from "./tensor-location.ts";
export type { NormOutliers } from "./verify-checkpoint.ts";
export {
  type VerifiedTable,
  type VerifyExpectations,
  type VerifyReport,
  verifyCheckpoint,
} from "./verify-checkpoint.ts";
export { readWeightFiles, type WeightFiles } from "./weight-files.ts";
