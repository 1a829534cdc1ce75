import type { FileHandle } from "node:fs/promises";
import { writeAt } from "./output-file.ts";
import type { CopiedRange } from "./plan-output.ts";
import { readExactly } from "./safetensors-header.ts";
import { throwIfAborted } from "./throw-if-aborted.ts";

/**
 * Three blocks of 2 MB in flight copied 347 MB at 3.4 GB/s in the median of 7 runs on 2 busy cores; one or two of 8 MB
 * at 1.5 and 2.1, `fs.copyFile` at 1.1.
 */
const BLOCK_BYTES = 2 << 20;
const IN_FLIGHT = 3;

export interface CopyRangesOptions {
  readonly source: { readonly handle: FileHandle; readonly path: string };
  readonly target: { readonly handle: FileHandle; readonly path: string };
  readonly ranges: readonly CopiedRange[];
  readonly abortSignal?: AbortSignal | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** Copies ranges of one file into another; some blocks are read while others are written. */
export async function copyRanges({
  source,
  target,
  ranges,
  abortSignal,
  onBytes,
}: CopyRangesOptions): Promise<void> {
  const blocks = cutIntoBlocks(ranges);
  let next = 0;
  const copyUntilDone = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    while (next < blocks.length) {
      throwIfAborted(abortSignal);
      const { from, to, length } = blocks[next++]!;
      const bytes = buffer.subarray(0, length);
      await readExactly(source.handle, bytes, from, source.path);
      await writeAt(target.handle, target.path, bytes, to);
      onBytes?.(length);
    }
  };
  // A block that fails leaves the others nothing to take, and no file is closed under one that is still written.
  const copying = Array.from({ length: Math.min(IN_FLIGHT, blocks.length) }, () =>
    copyUntilDone().catch((error: unknown) => {
      next = blocks.length;
      throw error;
    }),
  );
  await Promise.allSettled(copying);
  await Promise.all(copying);
}

function cutIntoBlocks(ranges: readonly CopiedRange[]): readonly CopiedRange[] {
  return ranges.flatMap(({ from, to, length }) =>
    Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, i) => {
      const offset = i * BLOCK_BYTES;
      return { from: from + offset, to: to + offset, length: Math.min(BLOCK_BYTES, length - offset) };
    }),
  );
}
