import type { FileHandle } from "node:fs/promises";
import { writeAt } from "./output-file.ts";
import type { CopiedRange } from "./plan-output.ts";
import { readExactly } from "./safetensors-header.ts";
import { throwIfAborted } from "./throw-if-aborted.ts";

/** 8 MB: from here on larger blocks gain nothing, and an abort is noticed within milliseconds. */
const BLOCK_BYTES = 8 << 20;

export interface CopyRangesOptions {
  readonly source: { readonly handle: FileHandle; readonly path: string };
  readonly target: { readonly handle: FileHandle; readonly path: string };
  readonly ranges: readonly CopiedRange[];
  readonly abortSignal?: AbortSignal | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** Copies ranges of one file into another; the next block is read while the last one is written. */
export async function copyRanges({
  source,
  target,
  ranges,
  abortSignal,
  onBytes,
}: CopyRangesOptions): Promise<void> {
  const blocks = cutIntoBlocks(ranges);
  if (blocks.length === 0) return;
  const size = Math.max(...blocks.map((block) => block.length));
  const buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let writing: Promise<void> = Promise.resolve();
  try {
    for (const [i, { from, to, length }] of blocks.entries()) {
      throwIfAborted(abortSignal);
      const bytes = buffers[i % 2]!.subarray(0, length);
      await readExactly(source.handle, bytes, from, source.path);
      await writing;
      writing = writeAt(target.handle, target.path, bytes, to).then(() => onBytes?.(length));
      // Without a handler of its own, a failure during the next read would end the process.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
}

function cutIntoBlocks(ranges: readonly CopiedRange[]): readonly CopiedRange[] {
  return ranges.flatMap(({ from, to, length }) =>
    Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, i) => {
      const offset = i * BLOCK_BYTES;
      return { from: from + offset, to: to + offset, length: Math.min(BLOCK_BYTES, length - offset) };
    }),
  );
}
