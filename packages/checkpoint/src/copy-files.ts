import { readSync, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type Job, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { writeError } from "@revocab/files/internal";
import { endsTooEarly } from "./file-source.ts";
import type { BlockHasher } from "./hash-blocks.ts";
import { openToFill, WRITE_BYTES, writeAt } from "./output-file.ts";
import type { CopiedRange } from "./plan-output.ts";

/** A weight file of the source, to be read from end to end. */
export interface FileToCopy {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** The file that gets the bytes that stay; it has its final size already. */
export interface CopyTarget {
  readonly path: string;
  /** Written at its start. */
  readonly header?: Uint8Array;
  /** Ascending by `from`, and apart. */
  readonly ranges: readonly CopiedRange[];
}

/** By the name of the source's file; a file without a target is hashed alone. */
export type CopyTargets = ReadonlyMap<string, CopyTarget>;

interface CopyOptions {
  readonly hasher: BlockHasher;
  /** Where the bytes go, once that is known. */
  readonly targets: Promise<CopyTargets>;
  readonly job?: Pick<Job, "abortSignal">;
  /** Told how many bytes were written of those that stay. */
  readonly onBytes?: (count: number) => void;
}

/** Takes blocks and gives them back filled. */
type Blocks = Pick<BlockHasher, "takeBlock" | "addBlock">;

/**
 * Reads each file from end to end: its bytes are hashed, and those that stay are written where they belong. What was read
 * before `targets` were known is read once more after that, so that hashing need not wait for them.
 * @returns sha256 in hex by the names of the files
 * @throws RevocabError `missing_file`; `bad_safetensors` when a file ends too early; `no_space`, `write_failed`, `aborted`;
 *   what `targets` rejects with
 */
export async function copyFiles(
  files: readonly FileToCopy[],
  { hasher, targets, job, onBytes }: CopyOptions,
): Promise<Readonly<Record<string, string>>> {
  let known: CopyTargets | undefined;
  const knowing = targets.then((all) => {
    known = all;
    return all;
  });
  knowing.catch(() => {}); // thrown when it is awaited
  const turns = takeTurns(job, onBytes);
  const hashes: Record<string, string> = {};
  const missed: { readonly file: FileToCopy; readonly bytes: number }[] = [];
  for (const file of files) {
    await withSource(file, async (source) => {
      const whole = { from: 0, length: file.bytes };
      const bytes = await copyStretch(source, whole, hasher, turns, () => known !== undefined);
      if (bytes > 0) missed.push({ file, bytes });
      await copyPart(source, known?.get(file.name), { from: bytes, to: file.bytes }, hasher, turns);
    });
    hashes[file.name] = await hasher.digest();
  }
  const all = await knowing;
  for (const { file, bytes } of missed) {
    const target = all.get(file.name);
    if (target === undefined) continue;
    await withSource(file, (source) => copyPart(source, target, { from: 0, to: bytes }, undefined, turns));
  }
  await turns.end();
  return hashes;
}

interface Source extends FileToCopy {
  readonly handle: FileHandle;
}

async function withSource(file: FileToCopy, use: (source: Source) => Promise<void>): Promise<void> {
  const handle = await openFile(file.path);
  try {
    await use({ ...file, handle });
  } finally {
    await handle.close();
  }
}

/**
 * Reads the bytes `part` of a file, and writes those of them that `target` keeps; with the first, its header. Without a hasher
 * only what is kept is read.
 */
async function copyPart(
  source: Source,
  target: CopyTarget | undefined,
  part: { readonly from: number; readonly to: number },
  hasher: BlockHasher | undefined,
  turns: Turns,
): Promise<void> {
  if (part.from === part.to && part.from > 0) return;
  const handle = target && (await openToFill(target.path));
  try {
    if (part.from === 0 && target?.header !== undefined)
      await writeAt(handle!, target.path, target.header, 0);
    const blocks = hasher ?? notHashed();
    for (const { from, length, to } of stretchesOf(target?.ranges ?? [], part.from, part.to)) {
      if (to === undefined && hasher === undefined) continue;
      const place = to === undefined ? undefined : { handle: handle!, path: target!.path, to };
      await copyStretch(source, { from, length, place }, blocks, turns);
    }
  } finally {
    await handle?.close();
  }
}

function notHashed(): Blocks {
  const block = new Uint8Array(WRITE_BYTES);
  return { takeBlock: () => block, addBlock: () => {} };
}

interface Stretch {
  readonly from: number;
  readonly length: number;
  /** Where it goes; undefined for bytes that are not kept. */
  readonly to?: number;
}

/** The bytes from `start` to `end`, cut where bytes begin or cease to stay. */
function stretchesOf(ranges: readonly CopiedRange[], start: number, end: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let position = start;
  const skipTo = (next: number) => {
    if (next > position) stretches.push({ from: position, length: next - position });
    position = Math.max(position, next);
  };
  for (const { from, to, length } of ranges) {
    skipTo(Math.min(from, end));
    const last = Math.min(from + length, end);
    if (last <= position) continue;
    stretches.push({ from: position, length: last - position, to: to + position - from });
    position = last;
  }
  skipTo(end);
  return stretches;
}

interface Place {
  readonly handle: FileHandle;
  readonly path: string;
  readonly to: number;
}

/** @returns how many bytes were read before `isEnough` said so */
async function copyStretch(
  { handle, path, bytes }: Source,
  {
    from,
    length,
    place,
  }: { readonly from: number; readonly length: number; readonly place?: Place | undefined },
  blocks: Blocks,
  turns: Turns,
  isEnough = () => false,
): Promise<number> {
  let done = 0;
  while (done < length && !isEnough()) {
    const block = await blocks.takeBlock();
    const count = readSync(handle.fd, block, 0, Math.min(block.length, length - done), from + done);
    if (count === 0) throw endsTooEarly(path, from + done, bytes - from - done);
    if (place !== undefined) writeBlock(place, block.subarray(0, count), place.to + done);
    blocks.addBlock(block, count);
    done += count;
    await turns.add(count, place === undefined ? 0 : count);
  }
  return done;
}

function writeBlock({ handle, path }: Place, block: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < block.length; ) {
      done += writeSync(handle.fd, block, done, block.length - done, position + done);
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** After so many bytes, a few milliseconds, others on this thread get their turn: aborts, messages, progress. */
const TURN_BYTES = 8 << 20;

interface Turns {
  add(read: number, written: number): Promise<void> | undefined;
  end(): Promise<void>;
}

function takeTurns(job: CopyOptions["job"], onBytes: CopyOptions["onBytes"]): Turns {
  let sinceTurn = 0;
  let written = 0;
  const end = async () => {
    if (written > 0) onBytes?.(written);
    [sinceTurn, written] = [0, 0];
    await setImmediate();
    throwIfAborted(job?.abortSignal);
  };
  return {
    add(read, kept) {
      sinceTurn += read;
      written += kept;
      return sinceTurn < TURN_BYTES ? undefined : end();
    },
    end,
  };
}
