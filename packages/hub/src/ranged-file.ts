import { type FileHandle, open } from "node:fs/promises";
import { type ReadableFile, readExactly, writeAt } from "@revocab/checkpoint";
import { RevocabError, showText } from "@revocab/core";
import { writeError } from "@revocab/files";
import type { OpenRangeOptions } from "./open-range.ts";
import { readRange } from "./read-range.ts";

/**
 * Bytes are asked for in whole blocks of 256 KiB and kept, so that rows read one by one do not cost a request each, and
 * rows read twice are moved once. At most two blocks more than a tensor's are moved for it.
 */
export const BLOCK_BYTES = 1 << 18;

export interface RangedFileOptions extends Omit<OpenRangeOptions, "start" | "end" | "route"> {
  /** A file to keep the blocks in; sparse, and as long as the remote one. */
  readonly keptIn: string;
  readonly onReceived?: ((bytes: number) => void) | undefined;
}

/** A file of the Hub, read by position over HTTP ranges. */
export async function rangedFile(options: RangedFileOptions): Promise<ReadableFile> {
  const { file, repository, keptIn } = options;
  const handle = await open(keptIn, "wx+").catch((cause: unknown) => {
    throw writeError(keptIn, cause);
  });
  const route = {};
  /** Each block that is there or on its way. */
  const blocks = new Map<number, Promise<void>>();

  const fetchBlocks = (first: number, count: number) => {
    const start = first * BLOCK_BYTES;
    const end = Math.min(file.bytes, start + count * BLOCK_BYTES);
    const coming = fill({ ...options, route, start, end }, handle).catch((error: unknown) => {
      for (let i = 0; i < count; i++) blocks.delete(first + i);
      throw error;
    });
    for (let i = 0; i < count; i++) blocks.set(first + i, coming);
  };

  return {
    bytes: file.bytes,
    async read(into, position) {
      if (into.length === 0) return;
      if (position + into.length > file.bytes) {
        throw new RevocabError(
          "bad_safetensors",
          `${showText(file.path, 200)} of ${repository} ends at byte ${file.bytes}; bytes up to ${position + into.length} were wanted`,
        );
      }
      const first = Math.floor(position / BLOCK_BYTES);
      const last = Math.floor((position + into.length - 1) / BLOCK_BYTES);
      for (let block = first; block <= last; block++) {
        let count = 0;
        while (block + count <= last && !blocks.has(block + count)) count++;
        if (count > 0) fetchBlocks(block, count);
        block += count;
      }
      const wanted = new Set<Promise<void> | undefined>();
      for (let block = first; block <= last; block++) wanted.add(blocks.get(block));
      await Promise.all(wanted);
      await readExactly(handle, into, position, keptIn);
    },
    close: () => handle.close(),
  };
}

async function fill(options: RangedFileOptions & OpenRangeOptions, handle: FileHandle): Promise<void> {
  let at = options.start;
  await readRange(options, async (bytes) => {
    await writeAt(handle, options.keptIn, bytes, at);
    at += bytes.length;
    options.onReceived?.(bytes.length);
  });
}
