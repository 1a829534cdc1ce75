import { constants } from "node:fs";
import { link, lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import {
  ifThere,
  type ReservedPath,
  reservePath,
  startHash,
  takeOverLeftovers,
  writeError,
} from "@revocab/files/internal";
import type { HubClient } from "./hub-client.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { readRange } from "./read-range.ts";

interface DownloadBlobOptions {
  readonly client: HubClient;
  readonly repository: string;
  readonly commit: string;
  readonly file: RepositoryFile;
  /** Where the content goes once it is whole and verified. */
  readonly place: string;
  readonly job?: Job;
  /** Bytes that are there, received now or by an earlier attempt; negative when they had to be dropped. */
  readonly onBytes?: ((count: number, from: "network" | "disk") => void) | undefined;
}

/**
 * Downloads one file to its place in the cache. What an earlier attempt left is continued; the whole is hashed as it
 * comes, and only a file with the right hash takes its place.
 * @throws RevocabError `hub_damaged` when the content is not what the repository lists; `hub_unreachable`, `hub_denied`,
 *   `hub_missing`, `hub_failed`; `aborted`; `no_space`, `write_failed`
 */
export async function downloadBlob(options: DownloadBlobOptions): Promise<void> {
  const { file, place, onBytes } = options;
  await mkdir(dirname(place), { recursive: true }).catch((cause: unknown) => {
    throw writeError(dirname(place), cause);
  });
  const replaced = await inodeAt(place);
  const { path: partial, release } = await claimPartial(place).catch((cause: unknown) => {
    throw writeError(dirname(place), cause);
  });
  try {
    const resumed = (await sizeOf(partial)) > 0;
    let digest = await fill(partial, options);
    // a run that was taken for ended while its machine slept may still have written to it
    const isRight = async () => digest === file.hash.hex && (await sizeOf(partial)) === file.bytes;
    if (resumed && !(await isRight())) {
      // the older part may be of a client that writes out of order: once more from the start
      onBytes?.(-file.bytes, "disk");
      await rm(partial);
      digest = await fill(partial, options);
    }
    if (!(await isRight())) throw damaged(options, digest);
    await putBlob(partial, place, replaced).catch((cause: unknown) => {
      throw writeError(place, cause);
    });
  } catch (error) {
    const isDamaged = error instanceof RevocabError && error.code === "hub_damaged";
    const isUseless = isDamaged || (await sizeOf(partial)) === 0;
    if (isUseless) await rm(partial, { force: true });
    // for the next attempt, of this process or another; whatever became of it, the first failure is the one to tell
    else await rename(partial, `${place}.incomplete`).catch(() => undefined);
    throw error;
  } finally {
    await release();
  }
}

/**
 * Takes over what an earlier attempt left of a blob, under a name of this run's own, so that two that download one file do not
 * write into each other's. An attempt that failed leaves `HASH.incomplete`; one that was killed leaves the name it had.
 */
async function claimPartial(place: string): Promise<ReservedPath> {
  const names = { folder: dirname(place), before: `${basename(place)}.`, after: ".incomplete" };
  const own = await reservePath(names);
  let hasTaken = false;
  const take = async (left: string) => {
    // only regular files are taken over: a link could redirect the download
    if (hasTaken || !(await ifThere(left, lstat(left)))?.isFile()) return;
    await rename(left, own.path);
    hasTaken = true;
  };
  try {
    await take(`${place}.incomplete`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error; // else another run was faster
    });
    await takeOverLeftovers(names, take);
    return own;
  } catch (error) {
    await own.release();
    throw error;
  }
}

/**
 * Puts a whole blob in its place. One that another run put there meanwhile stays: it may be read already, and only whole ones get there.
 * @param replaced the inode of what was there before
 */
async function putBlob(partial: string, place: string, replaced: bigint | undefined): Promise<void> {
  if (replaced === undefined) {
    // in one step, where the disk has hard links
    const isPlaced = await link(partial, place).then(
      () => true,
      () => false,
    );
    if (isPlaced) return rm(partial);
  }
  const found = await inodeAt(place);
  if (found === undefined || found === replaced) await rename(partial, place);
  else await rm(partial);
}

async function inodeAt(path: string): Promise<bigint | undefined> {
  return (await ifThere(path, stat(path, { bigint: true })))?.ino;
}

/** Appends what is missing; gives the hash of the whole in hex. */
async function fill(partial: string, options: DownloadBlobOptions): Promise<string> {
  const { client, repository, commit, file, job, onBytes } = options;
  const hash = startHash(file.hash.algorithm, file.bytes);
  let done = 0;
  if ((await sizeOf(partial)) > file.bytes) await rm(partial);
  if ((await sizeOf(partial)) > 0) {
    for await (const block of (await openFile(partial)).createReadStream() as AsyncIterable<Buffer>) {
      throwIfAborted(job?.abortSignal);
      hash.update(block);
      done += block.length;
      onBytes?.(block.length, "disk");
    }
  }
  const failed = (cause: unknown): never => {
    throw writeError(partial, cause);
  };
  const handle = await open(partial, APPEND).catch(failed);
  try {
    const range = { client, repository, commit, file, start: done, end: file.bytes, job };
    await readRange(range, async (bytes) => {
      for (let written = 0; written < bytes.length; ) {
        written += (await handle.write(bytes, written).catch(failed)).bytesWritten;
      }
      hash.update(bytes);
      onBytes?.(bytes.length, "network");
    });
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

/** A link that took the place of the file is not followed, where the system can tell. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

async function sizeOf(path: string): Promise<number> {
  return (await ifThere(path, stat(path)))?.size ?? 0;
}

function damaged({ file, repository }: DownloadBlobOptions, digest: string): RevocabError {
  const { algorithm, hex } = file.hash;
  return new RevocabError(
    "hub_damaged",
    `${showText(file.path, 200)} of ${repository} came with the ${algorithm} ${digest}, but the Hub lists ${hex}`,
    {
      hint: "the download was damaged on its way, or a mirror serves another file: try again, or another HF_ENDPOINT",
    },
  );
}
