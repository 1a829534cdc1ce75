export type { CheckpointTable } from "./find-tables.ts";
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
