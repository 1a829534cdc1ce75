import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";

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
 * @throws RevocabError `missing_file` for no file; `bad_file` for a folder, for what is no regular file, and for a file that may
 *   not be read: what is there is never taken for missing
 */
export async function openFile(path: string, options: OpenOptions = {}): Promise<FileHandle> {
  const handle = await open(path, FLAGS).catch((cause: NodeJS.ErrnoException) => {
    throw cannotOpen(path, cause, "a regular file", options);
  });
  try {
    const stats = await handle.stat();
    if (stats.isFile()) return handle;
    throw notExpected(path, stats, "a regular file", options);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Why a file could not be opened, from the system's error. */
export function cannotOpen(
  path: string,
  cause: NodeJS.ErrnoException,
  expected: string,
  { hint = CHECK_PATH }: OpenOptions,
): RevocabError {
  const found = FOUND[cause.code ?? ""] ?? `it cannot be read (${cause.code})`;
  const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
  return new RevocabError(
    isMissing ? "missing_file" : "bad_file",
    `${showText(path)}: ${found}, expected ${expected}`,
    {
      hint: cause.code === "EMFILE" ? MORE_FILES : hint,
      cause,
    },
  );
}

/** What was opened is of another kind. */
export function notExpected(
  path: string,
  stats: Stats,
  expected: string,
  { hint = CHECK_PATH }: OpenOptions,
): RevocabError {
  return new RevocabError("bad_file", `${showText(path)}: found ${kindOf(stats)}, expected ${expected}`, {
    hint,
  });
}

/**
 * All bytes of a regular file.
 * @throws RevocabError `missing_file` as {@link openFile} does, or `bad_file` when it is larger than `most`
 */
export async function readWhole(path: string, options: ReadOptions): Promise<Buffer> {
  return wholeOf(await openFile(path, options), path, options);
}

/**
 * All bytes of an open file, which is closed.
 * @throws RevocabError `bad_file` when it is larger than `most`
 */
export async function wholeOf(
  handle: FileHandle,
  path: string,
  { most, hint = CHECK_PATH }: ReadOptions,
): Promise<Buffer> {
  try {
    const { size } = await handle.stat();
    const bytes = size > most ? undefined : await readUpTo(handle, size, most);
    if (bytes !== undefined) return bytes;
    const found = size > most ? `${size} bytes` : "more bytes";
    throw new RevocabError("bad_file", `${showText(path)}: found ${found}, expected at most ${most}`, {
      hint,
    });
  } catch (cause) {
    if (cause instanceof RevocabError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new RevocabError("bad_file", `${showText(path)}: it cannot be read (${code ?? message})`, {
      hint,
      cause,
    });
  } finally {
    await handle.close();
  }
}

/** A file may have more bytes than it says (those of /proc) or grow meanwhile. Undefined for more than `most`. */
async function readUpTo(handle: FileHandle, expected: number, most: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let total = 0;
  for (let wanted = expected + 1; total <= most; wanted = Math.min(MORE_BYTES, most + 1 - total)) {
    const part = Buffer.allocUnsafeSlow(Math.min(wanted, LONGEST_READ));
    const { bytesRead } = await handle.read(part, 0, part.length, null);
    if (bytesRead === 0) return parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts.push(part.subarray(0, bytesRead));
    total += bytesRead;
  }
  return undefined;
}

const MORE_BYTES = 1 << 16;
const LONGEST_READ = 1 << 30;

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return stats.isBlockDevice() || stats.isCharacterDevice() ? "a device" : "something that is no file";
}

/** For reading, without waiting for a pipe's writer. Windows knows no such flag, and no such files. */
export const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
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
