import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { RevocabError } from "@revocab/core";

export interface OpenOptions {
  /** What to do when the file cannot be used; for the error. */
  readonly hint?: string;
}

export interface ReadOptions extends OpenOptions {
  /** The most bytes that are read; a larger file is refused before any of it is. */
  readonly most: number;
}

/**
 * Opens a regular file for reading, directly or through links. A FIFO, a socket or a device is never waited for nor read:
 * it is opened without blocking, looked at, and closed.
 * @throws RevocabError `missing_file` for no file, a folder, what is no regular file, or a file that may not be read
 */
export async function openFile(path: string, { hint = CHECK_PATH }: OpenOptions = {}): Promise<FileHandle> {
  const missing = (found: string, cause?: unknown) =>
    new RevocabError("missing_file", `${path}: ${found}, expected a regular file`, {
      hint: (cause as NodeJS.ErrnoException | undefined)?.code === "EMFILE" ? MORE_FILES : hint,
      cause,
    });
  const handle = await open(path, FLAGS).catch((cause: NodeJS.ErrnoException) => {
    throw missing(FOUND[cause.code ?? ""] ?? `it cannot be read (${cause.code})`, cause);
  });
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return handle;
    throw missing(`found ${kindOf(stats)}`);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * All bytes of a regular file.
 * @throws RevocabError `missing_file` as {@link openFile} does, or `bad_file` when it is larger than `most`
 */
export async function readWhole(path: string, { most, ...options }: ReadOptions): Promise<Buffer> {
  const handle = await openFile(path, options);
  try {
    const { size } = await handle.stat();
    if (size > most) {
      throw new RevocabError("bad_file", `${path}: found ${size} bytes, expected at most ${most}`, {
        hint: options.hint ?? CHECK_PATH,
      });
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

type Kinds = Pick<
  Awaited<ReturnType<FileHandle["stat"]>>,
  "isDirectory" | "isFIFO" | "isSocket" | "isBlockDevice" | "isCharacterDevice"
>;

function kindOf(stats: Kinds): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return stats.isBlockDevice() || stats.isCharacterDevice() ? "a device" : "something that is no file";
}

/** Windows knows no such flag, and no such files. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const CHECK_PATH = "check the path, and that the file is all there and may be read";
const MORE_FILES = "too many files are open: raise the limit (ulimit -n)";
const FOUND: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  ENXIO: "found a socket or a pipe",
  ELOOP: "found links that lead in a circle",
  EMFILE: "it could not be opened: this process has too many open files",
  ENFILE: "it could not be opened: this machine has too many open files",
};
