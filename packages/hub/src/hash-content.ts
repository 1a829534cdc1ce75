import { createHash, type Hash } from "node:crypto";
import { throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import type { RepositoryFile } from "./list-repository.ts";

/** Starts the hash that the Hub knows a file by. */
export function startHash({ hash, bytes }: Pick<RepositoryFile, "hash" | "bytes">): Hash {
  if (hash.algorithm === "sha256") return createHash("sha256");
  // what git calls a file of this content
  return createHash("sha1").update(`blob ${bytes}\0`);
}

/**
 * Whether a file of this machine has the size and the hash that the Hub lists.
 * @throws RevocabError `missing_file` when it cannot be read; `aborted`
 */
export async function hasContent(
  path: string,
  file: Pick<RepositoryFile, "hash" | "bytes">,
  abortSignal?: AbortSignal,
): Promise<boolean> {
  const handle = await openFile(path);
  try {
    if ((await handle.stat()).size !== file.bytes) return false;
    const hash = startHash(file);
    for await (const block of handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      throwIfAborted(abortSignal);
      hash.update(block);
    }
    return hash.digest("hex") === file.hash.hex;
  } finally {
    await handle.close();
  }
}
