import { readSync, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type Job, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { writeError } from "@revocab/files/internal";
import { endsTooEarly } from "./file-source.ts";
import type { BlockHasher } from "./hash-blocks.ts";
import { openToFill, writeAt } from "./output-file.ts";
import type { CopiedRange } from "./plan-output.ts";

/** A weight file of the source, to be read once from end to end. */
export interface FileToCopy {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Undefined for a file that is hashed alone. */
  readonly target?: CopyTarget;
}

/** The file that gets the bytes that stay; it has its final size already. */
export interface CopyTarget {
  readonly path: string;
  /** Written at its start. */
  readonly header?: Uint8Array;
  /** Ascending by `from`, and apart. */
  readonly ranges: readonly CopiedRange[];
}

interface CopyOptions {
  readonly hasher: BlockHasher;
  readonly job?: Pick<Job, "abortSignal">;
  /** Told how many bytes were written of those that stay. */
  readonly onBytes?: (count: number) => void;
}

/** After so many bytes, a few milliseconds, others on this thread get their turn: aborts, progress. */
const TURN_BYTES = 8 << 20;

/**
 * Reads each file once: its bytes are hashed, and those that stay are written where they belong.
 * @returns sha256 in hex by the names of the files
 * @throws RevocabError `missing_file`; `bad_safetensors` when a file ends too early; `no_space`, `write_failed`, `aborted`
 */
export async function copyFiles(
  files: readonly FileToCopy[],
  options: CopyOptions,
): Promise<Readonly<Record<string, string>>> {
  const hashes: Record<string, string> = {};
  for (const file of files) {
    const source = await openFile(file.path);
    try {
      const target = file.target && (await openTarget(file.target));
      try {
        await copyStretches(file, source, target, options);
      } finally {
        await target?.close();
      }
    } finally {
      await source.close();
    }
    hashes[file.name] = await options.hasher.digest();
  }
  return hashes;
}

async function openTarget({ path, header }: CopyTarget): Promise<FileHandle> {
  const handle = await openToFill(path);
  try {
    if (header !== undefined) await writeAt(handle, path, header, 0);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function copyStretches(
  file: FileToCopy,
  source: FileHandle,
  target: FileHandle | undefined,
  { hasher, job, onBytes }: CopyOptions,
): Promise<void> {
  let sinceTurn = 0;
  let written = 0;
  for (const { from, to, length } of stretchesOf(file)) {
    for (let done = 0; done < length; ) {
      const block = await hasher.takeBlock();
      const count = readSync(source.fd, block, 0, Math.min(block.length, length - done), from + done);
      if (count === 0) throw endsTooEarly(file.path, from + done, file.bytes - from - done);
      if (target !== undefined && to !== undefined) {
        writeBlock(target, file.target!.path, block.subarray(0, count), to + done);
        written += count;
      }
      hasher.addBlock(block, count);
      done += count;
      sinceTurn += count;
      if (sinceTurn < TURN_BYTES) continue;
      onBytes?.(written);
      [sinceTurn, written] = [0, 0];
      await setImmediate();
      throwIfAborted(job?.abortSignal);
    }
  }
  if (written > 0) onBytes?.(written);
  throwIfAborted(job?.abortSignal);
}

interface Stretch {
  readonly from: number;
  readonly length: number;
  /** Where it goes; undefined for bytes that are not kept. */
  readonly to?: number;
}

/** The whole file, cut where bytes begin or cease to stay. */
function stretchesOf({ bytes, target }: FileToCopy): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let position = 0;
  for (const range of target?.ranges ?? []) {
    if (range.from > position) stretches.push({ from: position, length: range.from - position });
    stretches.push(range);
    position = range.from + range.length;
  }
  if (position < bytes) stretches.push({ from: position, length: bytes - position });
  return stretches;
}

function writeBlock({ fd }: FileHandle, path: string, block: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < block.length; ) {
      done += writeSync(fd, block, done, block.length - done, position + done);
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}
