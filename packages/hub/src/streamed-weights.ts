import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FileSource } from "@revocab/checkpoint";
import { throwIfAborted } from "@revocab/core";
import type { GatedWeights } from "./gated-folder.ts";
import type { PublishStreamedOptions } from "./published-folder.ts";
import type { ReadStretch } from "./streamed-blob.ts";
import type { LargeFile } from "./upload-large.ts";

/** Hashes files that are put together as they are read: the Hub wants a file's hash before its first byte. */
export async function hashStreamed(
  { folder, weights, job }: PublishStreamedOptions,
  files: readonly GatedWeights[],
): Promise<readonly LargeFile[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const hashed: LargeFile[] = [];
  for (const { path, bytes } of files) {
    const hash = createHash("sha256");
    for await (const block of stretchesOf(weights, join(folder, path))(0, bytes)) {
      throwIfAborted(job?.abortSignal);
      hash.update(block);
      done += block.length;
      job?.onProgress?.({ type: "progress", step: "hash", done, total, unit: "bytes" });
    }
    hashed.push({ path, bytes, sha256: hash.digest("hex") });
  }
  return hashed;
}

/** A request for a range takes as long as 8 MB of it on a connection of 1 Gbit/s and 60 ms. */
const BLOCK_BYTES = 16 << 20;

/** Reads a weight file in blocks, the next one while one is used. */
export function stretchesOf(weights: FileSource, path: string): ReadStretch {
  return async function* (start, end) {
    const file = await weights.open(path);
    try {
      if (file.stream !== undefined) {
        yield* file.stream(start, end);
        return;
      }
      const readFrom = async (position: number) => {
        const block = new Uint8Array(Math.min(BLOCK_BYTES, end - position));
        await file.read(block, position);
        return block;
      };
      let coming = start < end ? readFrom(start) : undefined;
      for (let position = start; coming !== undefined; ) {
        const block: Uint8Array = await coming;
        position += block.length;
        coming = position < end ? readFrom(position) : undefined;
        coming?.catch(() => {}); // thrown when it is awaited
        yield block;
      }
    } finally {
      await file.close();
    }
  };
}
