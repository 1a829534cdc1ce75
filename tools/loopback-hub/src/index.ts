export type { Fault, FaultRule } from "./faults.ts";
export type { TokenRole, TokenScope } from "./hub-context.ts";
export type { Commit, FileContent, Repository, RepositoryOptions, StoredFile } from "./repositories.ts";
export type { RequestRecord } from "./request-log.ts";
export {
  type LoopbackHub,
  type LoopbackHubOptions,
  startLoopbackHub,
} from "./start-loopback-hub.ts";
export {
  type Engine,
  type LoopbackModels,
  type LoopbackModelsOptions,
  startLoopbackModels,
} from "./start-loopback-models.ts";
