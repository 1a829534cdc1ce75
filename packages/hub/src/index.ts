export { AccessToken } from "./access-token.ts";
export type { FolderFile } from "./folder-files.ts";
export type { HubOptions } from "./hub-client.ts";
export { type HubSettings, hubSettings } from "./hub-settings.ts";
export { type ModelReference, modelReference } from "./model-reference.ts";
export { publishFolder } from "./publish-folder.ts";
export type { PublishedFolder, PublishOptions } from "./published-folder.ts";
export { resolveModel } from "./resolve-model.ts";
export type { Received, ResolvedModel, ResolveOptions, Wanted } from "./resolved-model.ts";
