import { Worker } from "node:worker_threads";
import { RevocabError } from "@revocab/core";
import { copyFiles, type FileToCopy } from "./copy-files.ts";
import type { CopyMessage } from "./copy-thread.ts";
import { hashHere } from "./hash-blocks.ts";

/** A copy that is under way. */
export interface Copying {
  /** sha256 in hex of each file that is read, by name, once all is written; rejects with what ended the copying. */
  readonly hashes: Promise<Readonly<Record<string, string>>>;
  /** Ends it within a block; nothing is written any more once this resolves. */
  stop(): Promise<void>;
}

/** Starting two threads takes 0.1 s of processor time, in which so much is copied and hashed. */
const SMALL_BYTES = 64e6;

/**
 * Starts to read files and to write what stays of them, see {@link copyFiles}: on two threads, one of which hashes, or on the
 * calling thread where the files are small.
 */
export function startCopying(files: readonly FileToCopy[], onBytes: (count: number) => void): Copying {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const copying = total < SMALL_BYTES ? copyHere(files, onBytes) : copyOnThread(files, onBytes);
  // a failure reaches whoever awaits the hashes; an unhandled rejection before that would end the process
  copying.hashes.catch(() => {});
  return copying;
}

function copyHere(files: readonly FileToCopy[], onBytes: (count: number) => void): Copying {
  const stopping = new AbortController();
  const job = { abortSignal: stopping.signal };
  const hashes = copyFiles(files, { hasher: hashHere(), job, onBytes });
  return {
    hashes,
    async stop() {
      stopping.abort();
      await hashes.catch(() => {});
    },
  };
}

function copyOnThread(files: readonly FileToCopy[], onBytes: (count: number) => void): Copying {
  const worker = new Worker(new URL("./copy-thread.js", import.meta.url), {
    workerData: files,
    execArgv: [],
  });
  const hashes = new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    worker.on("message", (message: CopyMessage) => {
      if ("written" in message) onBytes(message.written);
      else if ("hashes" in message) resolve(message.hashes);
      else reject(new RevocabError(message.failure.code, message.failure.message, message.failure));
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(new RevocabError("aborted", "the copying was stopped")));
  });
  return { hashes, stop: async () => void (await worker.terminate()) };
}
