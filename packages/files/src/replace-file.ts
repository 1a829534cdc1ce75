import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { reservePath, takeOverLeftovers } from "./run-lock.ts";
import { trackUnfinished } from "./track-unfinished.ts";
import { writeError } from "./write-error.ts";

/** Appends bytes to the file being written. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

export interface ReplaceFileOptions {
  /** Wait until the bytes are on the disk before the old file gives way: a power cut then leaves one of the two whole. @default false */
  readonly isDurable?: boolean;
}

/**
 * Writes a file beside `path` and puts it in its place only when it is whole, so that a stopped run leaves what was
 * there before. What killed runs left there is removed first.
 * @throws RevocabError `no_space`, `write_failed`, and whatever `fill` throws
 */
export async function replaceFile(
  path: string,
  fill: (write: WriteBytes) => Promise<void>,
  { isDurable = false }: ReplaceFileOptions = {},
): Promise<void> {
  const full = resolve(path);
  const place = {
    folder: dirname(full),
    before: `.${basename(full)}.revocab-partial-`,
    oldMark: /^(\d+)$/,
  };
  const failed = (cause: unknown): never => {
    throw writeError(path, cause);
  };
  await takeOverLeftovers(place, (left) => rm(left, { force: true })).catch(failed);
  const { path: partial, release } = await reservePath(place).catch(failed);
  const finish = trackUnfinished(partial);
  let handle: FileHandle | undefined;
  try {
    const file = await open(partial, "wx").catch(failed);
    handle = file;
    await fill(async (bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, LONGEST_WRITE);
        done += (await file.write(bytes, done, length).catch(failed)).bytesWritten;
      }
    });
    if (isDurable) await file.sync().catch(failed);
    await file.close().catch(failed);
    handle = undefined;
    await rename(partial, full).catch(failed);
  } catch (error) {
    await handle?.close();
    await rm(partial, { force: true });
    throw error;
  } finally {
    await release();
    finish();
  }
}

const LONGEST_WRITE = 1 << 30;

/**
 * Makes something small beside `path` and moves it there, so that no reader sees half of it. For what takes no time: of a
 * process that is killed meanwhile it stays.
 * @throws RevocabError `no_space`, `write_failed`
 */
export async function putInPlace(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.${randomUUID()}.new`;
  try {
    await make(beside);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw writeError(path, cause);
  }
}
