import type { HubOptions } from "./hub-client.ts";
import type { FolderFile } from "./seen-folder.ts";

export interface PublishOptions extends HubOptions {
  /** A folder as revocab wrote it. */
  readonly folder: string;
  /** `OWNER/NAME` */
  readonly to: string;
  /** Create the repository private; an existing public one is then refused. @default the owner's default */
  readonly private?: boolean;
  /** Created from main where it does not exist. @default "main" */
  readonly branch?: string;
  /** Open a pull request instead of committing. @default false */
  readonly pullRequest?: boolean;
  /** Check everything that can be checked without writing, and write nothing. @default false */
  readonly dryRun?: boolean;
  /**
   * Files, as the folder has them, that are published though they look like secrets, or were changed since the gate.
   * @default none
   */
  readonly allowFiles?: readonly string[];
  /** @default what was swapped for what */
  readonly title?: string;
}

export interface PublishedFolder {
  readonly repository: string;
  readonly url: string;
  /** Whether the repository was created for this, or in a dry run would be. */
  readonly isNew: boolean;
  readonly branch: string;
  /** Null in a dry run. */
  readonly commit: string | null;
  readonly pullRequest: string | null;
  readonly files: readonly FolderFile[];
  readonly bytes: number;
  /** Files of an earlier model that the commit removed. */
  readonly deleted: readonly string[];
  /** Other files of the repository, which stayed. */
  readonly kept: readonly string[];
}
