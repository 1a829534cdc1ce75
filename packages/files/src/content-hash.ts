import { createHash, type Hash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { throwIfAborted } from "@revocab/core";
import { ifThere } from "./if-there.ts";
import { openFile } from "./open-file.ts";

/** The hash by which the Hugging Face Hub identifies a file's content. */
export interface ContentHash {
  /** sha256 of a large file's content; git's sha1 (`blob LENGTH\0`, then the content) of another's. */
  readonly algorithm: "sha256" | "git-sha1";
  readonly hex: string;
}

/** Starts the hash of a file of so many bytes. */
export function startHash(algorithm: ContentHash["algorithm"], bytes: number): Hash {
  return algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

/**
 * The hash of a file in hex.
 * @throws RevocabError `missing_file` as `openFile` does; `aborted`
 */
export async function hashContent(
  path: string,
  algorithm: ContentHash["algorithm"],
  abortSignal?: AbortSignal,
): Promise<string> {
  const handle = await openFile(path);
  try {
    const hash = startHash(algorithm, (await handle.stat()).size);
    for await (const block of handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      throwIfAborted(abortSignal);
      hash.update(block);
    }
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}

/**
 * The hash that a file of the Hugging Face cache must have: blobs are named by it, and a snapshot links to them.
 * Undefined for any other file.
 * @throws RevocabError `bad_file` when it may not be looked at
 */
export async function promisedHash(path: string): Promise<ContentHash | undefined> {
  const real = await ifThere(path, realpath(path));
  if (real === undefined) return undefined;
  const [hex, blobs] = [basename(real), dirname(real)];
  const isBlob = basename(blobs) === "blobs" && /^(models|datasets|spaces)--./.test(basename(dirname(blobs)));
  if (!isBlob || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hex)) return undefined;
  return { algorithm: hex.length === 64 ? "sha256" : "git-sha1", hex };
}
