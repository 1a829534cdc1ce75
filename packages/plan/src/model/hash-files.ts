import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { RevocabError } from "@revocab/core";
import type { HashResult, HashWork } from "./hash-worker.ts";

/** Hashes that a worker thread computes: a core takes 0.5–1 s per gigabyte. */
export interface HashingFiles {
  /** File name → sha256 in hex, as the Hub computes it for large files. */
  readonly hashes: Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

/**
 * Starts hashing files of a folder, in the order of their names. The hashes fail with `hub_damaged` where a file of the Hugging
 * Face cache does not have the hash that it was downloaded by.
 */
export function hashFiles(directory: string, names: readonly string[]): HashingFiles {
  const work: HashWork = { directory, names: [...names].sort() };
  const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { workerData: work });
  worker.unref();
  const hashes = new Promise<Record<string, string>>((resolve, reject) => {
    worker.on("message", ({ hashes, failure }: HashResult) => {
      if (failure === undefined) resolve(hashes);
      else reject(new RevocabError(failure.code, failure.message, failure));
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("hashing was stopped")));
  });
  // a failure reaches whoever awaits the hashes; an unhandled rejection before that would end the process
  hashes.catch(() => {});
  return { hashes, stop: async () => void (await worker.terminate()) };
}

/** sha256 of files held in memory, in hex, by name. */
export function hashContents(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return Object.fromEntries(
    [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, hash(bytes)]),
  );
}
