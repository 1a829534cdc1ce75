import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";
import { unfinished } from "./unfinished.ts";

/** Appends bytes to the file being written. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

const LONGEST_WRITE = 1 << 30;

/**
 * Writes a file beside `path` and puts it in its place only when it is whole, so that a stopped run leaves what was
 * there before.
 * @throws RevocabError `no_space`, `write_failed`, and whatever `fill` throws
 */
export async function replaceFile(path: string, fill: (write: WriteBytes) => Promise<void>): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  const finish = unfinished(partial);
  let handle: FileHandle | undefined;
  try {
    const file = await orWriteError(path, () => open(partial, "w"));
    handle = file;
    await fill(async (bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, LONGEST_WRITE);
        done += (await orWriteError(path, () => file.write(bytes, done, length))).bytesWritten;
      }
    });
    await orWriteError(path, () => file.close());
    handle = undefined;
    await orWriteError(path, () => rename(partial, path));
  } catch (error) {
    await handle?.close();
    await rm(partial, { force: true });
    throw error;
  } finally {
    finish();
  }
}

async function orWriteError<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") {
      const hint = "free space on that disk, or choose another folder";
      throw new RevocabError("no_space", `no space left while writing ${showText(path)}`, { hint, cause });
    }
    const hint = "check that the folder exists and may be written to";
    throw new RevocabError("write_failed", `cannot write ${showText(path)}: ${message}`, { hint, cause });
  }
}
