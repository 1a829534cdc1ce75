import type { FileSource } from "@revocab/checkpoint";
import type { HubOptions } from "./hub-client.ts";

export type Wanted = "model" | "tables" | "tokenizer" | "any";

export interface ResolveOptions extends HubOptions {
  /**
   * - `model`: all of it;
   * - `tables`: its small files, while the weights stay on the Hub and are read by ranges;
   * - `tokenizer`: what a tokenizer is read from;
   * - `any`: `tables`, or `tokenizer` where the repository has no weights.
   */
  readonly want: Wanted;
}

/** A folder that library functions work on, wherever it came from. */
export interface ResolvedModel {
  /** A folder, or a tokenizer's own file. */
  readonly directory: string;
  /** `ORG/NAME` and the commit; undefined for a path of this machine. */
  readonly repository: { readonly name: string; readonly commit: string } | undefined;
  /** Where the weight files are read from, when they stay on the Hub. */
  readonly weights: FileSource | undefined;
  /** What has come over the network so far. */
  received(): Received;
  /** Forgets weights that were read by ranges; downloaded files stay in the cache. */
  close(): Promise<void>;
}

export interface Received {
  /** Bytes of files. */
  readonly bytes: number;
  /** Bytes of all files that the job may read, moved or not. */
  readonly ofBytes: number;
}
