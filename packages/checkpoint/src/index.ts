export {
  type AuxiliaryFiles,
  type AuxiliaryOptions,
  copyAuxiliaryFiles,
  listAuxiliaryFiles,
} from "./auxiliary-files.ts";
export {
  type ConfigChange,
  type FollowVocabularyOptions,
  KEEP,
  type UnmappedValue,
} from "./config-walk.ts";
export { editJson, type JsonEdit } from "./edit-json.ts";
export type { FileSource, ReadableFile } from "./file-source.ts";
export { localFiles, readExactly } from "./file-source.ts";
export type { CheckpointTable } from "./find-tables.ts";
export type { TokenIdMap } from "./follow-token-ids.ts";
export { type FollowedVocabulary, followVocabulary } from "./follow-vocabulary.ts";
export { requireFreeSpace } from "./free-space.ts";
export { hashFile } from "./hash-file.ts";
export { isJsonObject, type JsonObject, type JsonValue, MAX_JSON_BYTES, readJsonObject } from "./json.ts";
export { type ListedTokenIds, listTokenIds, namedTokenIds } from "./named-token-ids.ts";
export { type Checkpoint, type OpenCheckpointOptions, openCheckpoint } from "./open-checkpoint.ts";
export { writeAt, writeError } from "./output-file.ts";
export { placeUnchanged } from "./place-unchanged.ts";
export {
  type RewriteCheckpointOptions,
  rewriteCheckpoint,
  type WrittenFile,
  type WrittenFiles,
} from "./rewrite-checkpoint.ts";
export {
  buildHeader,
  type HeaderTensor,
  readSafetensorsHeader,
  type SafetensorsFile,
  type TensorEntry,
} from "./safetensors-header.ts";
export type { IdenticalRows } from "./scan-rows.ts";
export { type SentenceModule, sentenceModules } from "./sentence-modules.ts";
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
