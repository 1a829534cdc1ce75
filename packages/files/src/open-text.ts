import { open } from "node:fs/promises";
import { RevocabError, throwIfAborted } from "@revocab/core";

/** A file, or a pipe, that is read from its start as far as is needed. */
export interface TextFile {
  /** The first `wanted` bytes, or all if there are fewer. */
  readStart(wanted: number, abortSignal?: AbortSignal): Promise<FileStart>;
  close(): Promise<void>;
}

export interface FileStart {
  readonly bytes: Uint8Array;
  /** Whether these are all bytes of the file. */
  readonly isWhole: boolean;
}

/** @throws RevocabError `missing_file` for no file, a folder, or a file that may not be read */
export async function openText(path: string): Promise<TextFile> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const found = cause.code === "ENOENT" ? "there is no such file" : `it cannot be read (${cause.code})`;
    throw new RevocabError("missing_file", `${path}: ${found}, expected a text file`, {
      hint: "check the path of the text",
      cause,
    });
  });
  if ((await file.stat()).isDirectory()) {
    await file.close();
    throw new RevocabError("missing_file", `${path}: found a folder, expected a text file`, {
      hint: "give one file of the folder",
    });
  }
  let known = new Uint8Array(0);
  return {
    async readStart(wanted, abortSignal) {
      // One byte more tells the end of the file from the end of the reading.
      const bytes = new Uint8Array(wanted + 1);
      bytes.set(known);
      let count = known.length;
      while (count < bytes.length) {
        throwIfAborted(abortSignal);
        const { bytesRead } = await file.read(bytes, count, Math.min(READ_BYTES, bytes.length - count), null);
        if (bytesRead === 0) break;
        count += bytesRead;
      }
      known = bytes.subarray(0, count);
      return { bytes: known.subarray(0, wanted), isWhole: count <= wanted };
    },
    close: () => file.close(),
  };
}

const READ_BYTES = 2 ** 20;
