import { type FileHandle, mkdir, open, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileSource, localFiles, type ReadableFile } from "@revocab/checkpoint";
import { readExactly, writeAt } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, showText } from "@revocab/core";
import {
  ifThere,
  type ReservedPath,
  reservePath,
  takeOverLeftovers,
  writeError,
} from "@revocab/files/internal";
import type { RepositoryCache } from "./cache-layout.ts";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";
import { type OpenRangeOptions, rangeBlocks, readRange } from "./read-range.ts";

interface RemoteWeightsOptions {
  readonly client: HubClient;
  readonly cache: RepositoryCache;
  readonly listing: RepositoryListing;
  /** The weight files, in the snapshot or on the Hub. */
  readonly files: readonly RepositoryFile[];
  readonly job?: Job;
  readonly onReceived?: (bytes: number) => void;
}

/** Weight files that are read from the Hub by ranges of bytes; those in the snapshot are read there. */
export interface RemoteWeights extends FileSource {
  /** A folder for what else is needed until `close`, which removes it. */
  readonly scratch: string;
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
      const { client, job, onReceived } = options;
      const keptIn = join(scratch.path, `${opened.size}`);
      found = rangedFile({
        client,
        repository: listing.name,
        commit: listing.commit,
        file,
        keptIn,
        job,
        onReceived,
      });
      opened.set(name, found);
    }
    return found;
  };
  return {
    scratch: scratch.path,
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
async function scratchFolder(directory: string): Promise<ReservedPath> {
  const place = { folder: directory, before: ".ranges-" };
  try {
    await mkdir(directory, { recursive: true });
    await takeOverLeftovers(place, (left) => rm(left, { recursive: true, force: true }));
    const scratch = await reservePath(place);
    try {
      await mkdir(scratch.path);
    } catch (error) {
      await scratch.release();
      throw error;
    }
    return scratch;
  } catch (cause) {
    throw writeError(directory, cause);
  }
}

/**
 * Bytes are asked for in whole blocks of 256 KiB and kept, so that rows read one by one do not cost a request each, and
 * rows read twice are moved once. At most two blocks more than a tensor's are moved for it.
 */
const BLOCK_BYTES = 1 << 18;

interface RangedFileOptions extends Omit<OpenRangeOptions, "start" | "end" | "route"> {
  /** A file to keep the blocks in; sparse, and as long as the remote one. */
  readonly keptIn: string;
  readonly onReceived?: ((bytes: number) => void) | undefined;
}

/** A file of the Hub, read by position over HTTP ranges. */
async function rangedFile(options: RangedFileOptions): Promise<ReadableFile> {
  const { file, repository, keptIn } = options;
  const handle = await open(keptIn, "wx+").catch((cause: unknown) => {
    throw writeError(keptIn, cause);
  });
  const route = {};
  /** Each block that is there or on its way. */
  const blocks = new Map<number, Promise<void>>();

  const fetchBlocks = (first: number, count: number) => {
    const start = first * BLOCK_BYTES;
    const end = Math.min(file.bytes, start + count * BLOCK_BYTES);
    const coming = fill({ ...options, route, start, end }, handle).catch((error: unknown) => {
      for (let i = 0; i < count; i++) blocks.delete(first + i);
      throw error;
    });
    for (let i = 0; i < count; i++) blocks.set(first + i, coming);
  };

  return {
    bytes: file.bytes,
    async read(into, position) {
      if (into.length === 0) return;
      if (position + into.length > file.bytes) {
        throw new RevocabError(
          "bad_safetensors",
          `${showText(file.path, 200)} of ${repository} ends at byte ${file.bytes}; bytes up to ${position + into.length} were wanted`,
        );
      }
      const first = Math.floor(position / BLOCK_BYTES);
      const last = Math.floor((position + into.length - 1) / BLOCK_BYTES);
      for (let block = first; block <= last; block++) {
        let count = 0;
        while (block + count <= last && !blocks.has(block + count)) count++;
        if (count > 0) fetchBlocks(block, count);
        block += count;
      }
      const wanted = new Set<Promise<void> | undefined>();
      for (let block = first; block <= last; block++) wanted.add(blocks.get(block));
      await Promise.all(wanted);
      await readExactly(handle, into, position, keptIn);
    },
    async *stream(start, end) {
      for await (const block of rangeBlocks({ ...options, route, start, end })) {
        options.onReceived?.(block.length);
        yield block;
      }
    },
    close: () => handle.close(),
  };
}

async function fill(options: RangedFileOptions & OpenRangeOptions, handle: FileHandle): Promise<void> {
  let at = options.start;
  await readRange(options, async (bytes) => {
    await writeAt(handle, options.keptIn, bytes, at);
    at += bytes.length;
    options.onReceived?.(bytes.length);
  });
}
