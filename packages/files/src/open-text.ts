import * as fs from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { RevocabError, showText, throwIfAborted } from "@revocab/core";
import { cannotOpen, FLAGS, notExpected } from "./open-file.ts";

/** A file, or a pipe, that is read from its start as far as is needed. */
export interface TextFile {
  /**
   * The first `wanted` bytes, or all if there are fewer.
   * @throws RevocabError `aborted`, also while a pipe is waited for; `bad_file` when it cannot be read further
   */
  readStart(wanted: number, abortSignal?: AbortSignal): Promise<FileStart>;
  close(): Promise<void>;
}

export interface FileStart {
  readonly bytes: Uint8Array;
  /** Whether these are all bytes of the file. */
  readonly isWhole: boolean;
}

/** @throws RevocabError `missing_file` for no file; `bad_file` for a folder, a device, a socket, or a file that may not be read */
export async function openText(path: string): Promise<TextFile> {
  const source = await openSource(path);
  let known = new Uint8Array(0);
  return {
    async readStart(wanted, abortSignal) {
      // One byte more tells the end of the file from the end of the reading.
      const bytes = new Uint8Array(wanted + 1);
      bytes.set(known);
      let count = known.length;
      while (count < bytes.length) {
        throwIfAborted(abortSignal);
        const into = bytes.subarray(count, Math.min(bytes.length, count + READ_BYTES));
        const read = await source.read(into, abortSignal).catch((cause: unknown) => {
          throw unreadable(path, cause);
        });
        if (read === 0) break;
        count += read;
      }
      known = bytes.subarray(0, count);
      return { bytes: known.subarray(0, wanted), isWhole: count <= wanted };
    },
    close: () => source.close(),
  };
}

const READ_BYTES = 2 ** 20;

interface ByteSource {
  /** Puts the next bytes into `into`, and says how many; 0 at the end. */
  read(into: Uint8Array, abortSignal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

async function openSource(path: string): Promise<ByteSource> {
  const fd = await open(path, FLAGS).catch((cause: NodeJS.ErrnoException) => {
    throw cannotOpen(path, cause, EXPECTED, { hint: HINT });
  });
  // a pipe's descriptor belongs to its socket, so it cannot be a FileHandle, which would close it once more
  const stats = fs.fstatSync(fd);
  if (stats.isFIFO()) return pipeSource(fd);
  if (stats.isFile()) return fileSource(fd);
  await close(fd);
  throw notExpected(path, stats, EXPECTED, { hint: HINT });
}

const EXPECTED = "a text file or a pipe";
const HINT = "check the path of the text";

function fileSource(fd: number): ByteSource {
  return {
    read: async (into) => (await read(fd, into, 0, into.length, null)).bytesRead,
    close: () => close(fd),
  };
}

const open = promisify(fs.open);
const read = promisify(fs.read) as (
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: null,
) => Promise<{ bytesRead: number }>;
const close = promisify(fs.close);

/**
 * A pipe is waited for by the event loop: a thread that waits in a read cannot be stopped, and holds up the end of the
 * process.
 */
function pipeSource(fd: number): ByteSource {
  const stream = new Socket({ fd, readable: true, writable: false });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return {
    async read(into, abortSignal) {
      if (rest.length === 0) {
        const stop = () => stream.destroy();
        abortSignal?.addEventListener("abort", stop, { once: true });
        try {
          const { value, done } = await chunks.next().catch((cause: unknown) => {
            throwIfAborted(abortSignal);
            throw cause;
          });
          throwIfAborted(abortSignal);
          if (done) return 0;
          rest = value;
        } finally {
          abortSignal?.removeEventListener("abort", stop);
        }
      }
      const count = Math.min(into.length, rest.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    close: async () => void stream.destroy(),
  };
}

function unreadable(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof RevocabError || code === undefined) return cause;
  return new RevocabError("bad_file", `${showText(path)}: it cannot be read (${code})`, {
    hint: "check that the text is all there and may be read",
    cause,
  });
}
