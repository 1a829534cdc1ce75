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

/** Writes all of `bytes` at `position`. */
export async function writeAt(
  handle: Pick<FileHandle, "write">,
  path: string,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, 1 << 30);
      const { bytesWritten } = await handle.write(bytes, done, length, position + done);
      done += bytesWritten;
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}
