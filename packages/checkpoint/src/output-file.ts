import { type FileHandle, open } from "node:fs/promises";
import { writeError } from "@revocab/files/internal";

/**
 * Creates a file of its final size; it must not exist yet.
 * @throws RevocabError `write_failed`, `no_space`
 */
export async function createSized(path: string, bytes: number): Promise<void> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.truncate(bytes);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/**
 * Opens a file that {@link createSized} has created. Each is opened when it is filled: a model of hundreds of shards has more
 * than a process may hold open.
 * @throws RevocabError `write_failed`
 */
export async function openToFill(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/**
 * The most that one call writes. The file system takes memory for a call in pieces of up to its length, and finds small ones
 * sooner. On a virtual machine that hands free memory back to its host, copying 2.2 GB took 0.6–1.7 s of the kernel's time in
 * calls of 256 KB, and 2.1–4.0 s in calls of 1 MB (decision 49).
 */
export const WRITE_BYTES = 1 << 18;

/** Writes all of `bytes` at `position`. */
export async function writeAt(
  handle: Pick<FileHandle, "write">,
  path: string,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, WRITE_BYTES);
      const { bytesWritten } = await handle.write(bytes, done, length, position + done);
      done += bytesWritten;
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}
