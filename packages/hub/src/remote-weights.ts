import { mkdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileSource, localFiles, type ReadableFile } from "@revocab/checkpoint";
import { RevocabError, showText } from "@revocab/core";
import { ifThere, type OwnedPath, ownPath, takeLeft, writeError } from "@revocab/files";
import type { RepositoryCache } from "./cache-layout.ts";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";
import { rangedFile } from "./ranged-file.ts";

export interface RemoteWeightsOptions {
  readonly client: HubClient;
  readonly cache: RepositoryCache;
  readonly listing: RepositoryListing;
  /** The weight files, in the snapshot or on the Hub. */
  readonly files: readonly RepositoryFile[];
  readonly abortSignal?: AbortSignal | undefined;
  readonly onReceived?: (bytes: number) => void;
}

/** Weight files that are read from the Hub by ranges of bytes; those in the snapshot are read there. */
export interface RemoteWeights extends FileSource {
  /** Forgets what was read. */
  close(): Promise<void>;
}

export async function remoteWeights(options: RemoteWeightsOptions): Promise<RemoteWeights> {
  const { cache, listing, files } = options;
  const scratch = await scratchFolder(cache.directory);
  const opened = new Map<string, Promise<ReadableFile>>();
  const remote = (file: RepositoryFile) => {
    const name = file.path;
    let found = opened.get(name);
    if (found === undefined) {
      const { client, abortSignal, onReceived } = options;
      const keptIn = join(scratch.path, `${opened.size}`);
      found = rangedFile({
        client,
        repository: listing.name,
        commit: listing.commit,
        file,
        keptIn,
        abortSignal,
        onReceived,
      });
      opened.set(name, found);
    }
    return found;
  };
  return {
    async list(directory) {
      const local = await localFiles.list(directory);
      return [...new Set([...local, ...files.map(({ path }) => path)])];
    },
    async open(path) {
      if ((await ifThere(path, stat(path))) !== undefined) return localFiles.open(path);
      const file =
        dirname(path) === cache.snapshot(listing.commit) && files.find((one) => one.path === basename(path));
      if (!file) {
        throw new RevocabError("missing_file", `${listing.name} has no ${showText(basename(path), 200)}`, {
          hint: "the repository is incomplete: ask its owner, or choose another revision",
        });
      }
      // kept open until the end: a header is read and closed before the tensors are read
      return { ...(await remote(file)), close: async () => {} };
    },
    async close() {
      await Promise.all(
        [...opened.values()].map(async (file) => (await file.catch(() => undefined))?.close()),
      );
      await rm(scratch.path, { recursive: true, force: true });
      await scratch.release();
    },
  };
}

/** A folder beside the blobs, on the cache's disk: tables of several gigabytes have no place in a `/tmp` in memory. */
async function scratchFolder(directory: string): Promise<OwnedPath> {
  const place = { folder: directory, before: ".ranges-" };
  try {
    await mkdir(directory, { recursive: true });
    await takeLeft(place, (left) => rm(left, { recursive: true, force: true }));
    const scratch = await ownPath(place);
    await mkdir(scratch.path);
    return scratch;
  } catch (cause) {
    throw writeError(directory, cause);
  }
}
