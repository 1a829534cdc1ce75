import type { FileSource } from "@revocab/checkpoint";
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

export interface PublishStreamedOptions extends Omit<PublishOptions, "pullRequest" | "dryRun"> {
  /** Reads the model's weight files, as if they lay in `folder`. */
  readonly weights: FileSource;
  /** The model's own repository, which has the weight files that stayed as they were. */
  readonly source: { readonly name: string; readonly commit: string };
  /**
   * What happens to files that the Hub does not copy: they are downloaded and uploaded, or nothing is published.
   * @default "move"
   */
  readonly whenRefused?: "move" | "refuse";
}

/** What was published, and how its weights came there. */
export interface PublishedModel extends PublishedFolder {
  /** Weight files that the Hub copied, or had already: no byte of them was moved. */
  readonly copied: readonly FolderFile[];
  /** Weight files that stayed as they were, and were moved through this machine because the Hub did not copy them. */
  readonly moved: readonly FolderFile[];
  /** Bytes of files that were sent. */
  readonly sent: number;
}
