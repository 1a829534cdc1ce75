import type { BigIntStats } from "node:fs";
import { type FileHandle, stat } from "node:fs/promises";
import { RevocabError, showText } from "@revocab/core";
import { ifThere } from "./if-there.ts";

/** What tells whether a file is still the one that was opened: it was not replaced, nor written to. */
export interface FileMark {
  readonly bytes: bigint;
  /** When its content was last changed, in ns. */
  readonly changed: bigint;
  readonly inode: bigint;
}

/** The mark of an open file, to be compared when the file is looked at again. */
export async function markOf(file: Pick<FileHandle, "stat">): Promise<FileMark> {
  return markIn(await file.stat({ bigint: true }));
}

/** @throws RevocabError `file_changed` when the file at `path` is another one now, or has been written to; `bad_file` when it may not be looked at any more */
export async function checkMark(path: string, mark: FileMark): Promise<void> {
  compareMarks(path, mark, await ifThere(path, stat(path, { bigint: true }).then(markIn)));
}

/**
 * Refuses a file that changed between two looks at it.
 * @throws RevocabError `file_changed` when a file whose mark was `before` is another one now, or has been written to
 */
export function compareMarks(path: string, before: FileMark, after: FileMark | undefined): void {
  const difference = differenceOf(before, after);
  if (difference === undefined) return;
  throw new RevocabError("file_changed", `${showText(path)} changed while it was read: ${difference}`, {
    hint: "try again when nothing else writes to the folder",
  });
}

function markIn({ size, mtimeNs, ino }: BigIntStats): FileMark {
  return { bytes: size, changed: mtimeNs, inode: ino };
}

function differenceOf(before: FileMark, after: FileMark | undefined): string | undefined {
  if (after === undefined) return "it is gone";
  if (after.inode !== before.inode) return "another file has taken its place";
  if (after.bytes !== before.bytes) return `it had ${before.bytes} bytes and has ${after.bytes}`;
  return after.changed === before.changed ? undefined : "it was written to";
}
