import { Worker } from "node:worker_threads";
import { RevocabError } from "@revocab/core";
import { type CopyTargets, copyFiles, type FileToCopy } from "./copy-files.ts";
import type { CopyMessage } from "./copy-thread.ts";
import { hashHere } from "./hash-blocks.ts";

/** A copy that is under way. */
export interface Copying {
  /** Says, once, where the bytes that stay go; until then files are only hashed. */
  copyTo(targets: CopyTargets, onBytes: (count: number) => void): void;
  /** sha256 in hex of each file that is read, by name, once all is written; rejects with what ended the copying. */
  readonly hashes: Promise<Readonly<Record<string, string>>>;
  /** Ends it within a block; nothing is written any more once this resolves. */
  stop(): Promise<void>;
}

/** Starting two threads takes 0.1 s of processor time, in which so much is copied and hashed. */
const SMALL_BYTES = 64e6;

/**
 * Starts to read files, to hash them and to write what stays of them, see {@link copyFiles}: on two threads, one of which
 * hashes, or on the calling thread where the files are small.
 */
export function startCopying(files: readonly FileToCopy[]): Copying {
  const toCopy = files.map(({ name, path, bytes }) => ({ name, path, bytes }));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const copying = total < SMALL_BYTES ? copyHere(toCopy) : copyOnThread(toCopy);
  // a failure reaches whoever awaits the hashes; an unhandled rejection before that would end the process
  copying.hashes.catch(() => {});
  return copying;
}

function copyHere(files: readonly FileToCopy[]): Copying {
  const stopping = new AbortController();
  let listener: ((count: number) => void) | undefined;
  let resolveTargets: ((targets: CopyTargets) => void) | undefined;
  const targets = new Promise<CopyTargets>((resolve, reject) => {
    resolveTargets = resolve;
    stopping.signal.addEventListener("abort", () => reject(wasStopped()));
  });
  const hashes = copyFiles(files, {
    hasher: hashHere(),
    targets,
    job: { abortSignal: stopping.signal },
    onBytes: (count) => listener?.(count),
  });
  return {
    copyTo(targets, onBytes) {
      listener = onBytes;
      resolveTargets?.(targets);
    },
    hashes,
    async stop() {
      stopping.abort();
      await hashes.catch(() => {});
    },
  };
}

function copyOnThread(files: readonly FileToCopy[]): Copying {
  const worker = new Worker(new URL("./copy-thread.js", import.meta.url), {
    workerData: files,
    execArgv: [],
  });
  let listener: ((count: number) => void) | undefined;
  const hashes = new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    worker.on("message", (message: CopyMessage) => {
      if ("written" in message) listener?.(message.written);
      else if ("hashes" in message) resolve(message.hashes);
      else reject(new RevocabError(message.failure.code, message.failure.message, message.failure));
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(wasStopped()));
  });
  return {
    copyTo(targets, onBytes) {
      listener = onBytes;
      worker.postMessage(targets);
    },
    hashes,
    stop: async () => void (await worker.terminate()),
  };
}

function wasStopped(): RevocabError {
  return new RevocabError("aborted", "the copying was stopped");
}
