export type { HubOptions, NetworkLimits } from "./hub-client.ts";
export { AccessToken, type HubSettings, hubSettings } from "./hub-settings.ts";
export { type ModelReference, modelReference } from "./model-reference.ts";
export { checkPublisher, tokenOwner } from "./prepare-repository.ts";
export { publishFolder } from "./publish-folder.ts";
export { publishStreamed } from "./publish-streamed.ts";
export type {
  PublishedFolder,
  PublishedModel,
  PublishOptions,
  PublishStreamedOptions,
} from "./published-folder.ts";
export { type Received, type ResolvedModel, type ResolveOptions, resolveModel } from "./resolve-model.ts";
export type { FolderFile } from "./seen-folder.ts";
export type { TokenOwner } from "./token-owner.ts";
export type { Wanted } from "./wanted-files.ts";
