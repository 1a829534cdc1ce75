import { readSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { writeError } from "@revocab/files/internal";
import { endsTooEarly } from "./file-source.ts";
import { writeAt } from "./output-file.ts";
import type { CopiedRange, PlannedFile, PlannedOutput } from "./plan-output.ts";
import { type OutputTarget, type ProduceTable, writeTable } from "./table-writer.ts";

export const WRITE_STEP = "write weights";

interface FillOptions {
  readonly planned: PlannedOutput;
  readonly toWrite: readonly PlannedFile[];
  readonly out: string;
  readonly produce: ProduceTable;
  readonly job?: Job;
}

/** Copies what stays while the tables are produced; when one fails, the other is stopped before this returns. */
export async function fillFiles(options: FillOptions): Promise<void> {
  const { planned, toWrite, job } = options;
  const failure = new AbortController();
  const abortSignal = AbortSignal.any([
    failure.signal,
    ...(options.job?.abortSignal ? [options.job?.abortSignal] : []),
  ]);
  const total = toWrite.reduce((sum, file) => sum + file.bytes - (file.header?.length ?? 0), 0);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    job?.onProgress?.({ type: "progress", step: WRITE_STEP, done, total, unit: "bytes" });
  };
  const stopOther = (error: unknown): never => {
    failure.abort(new RevocabError("aborted", "stopped because another part failed", { cause: error }));
    throw error;
  };
  const copying = copyAll(options, abortSignal, onBytes).catch(stopOther);
  const producing = produceAll(options, planned, abortSignal, onBytes).catch(stopOther);
  await Promise.allSettled([copying, producing]);
  throwIfAborted(options.job?.abortSignal);
  // The one that failed first is the cause; the other was stopped by it.
  if (failure.signal.aborted) throw (failure.signal.reason as RevocabError).cause;
}

async function copyAll(
  { toWrite, out }: FillOptions,
  abortSignal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  for (const { source, header, copied } of toWrite) {
    const ranges = header === undefined ? [{ from: 0, to: 0, length: source.bytes }] : copied;
    const target = await openToFill(join(out, source.name));
    try {
      if (header !== undefined) await writeAt(target.handle, target.path, header, 0);
      const handle = await openFile(source.path);
      try {
        await copyRanges({
          source: { handle, path: source.path },
          target,
          ranges,
          job: { abortSignal },
          onBytes,
        });
      } finally {
        await handle.close();
      }
    } finally {
      await target.handle.close();
    }
  }
}

async function produceAll(
  { out, produce }: FillOptions,
  { files, tables }: PlannedOutput,
  abortSignal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  for (const table of tables) {
    const targets: (OutputTarget & { readonly handle: FileHandle })[] = [];
    try {
      for (const { file, position } of table.targets) {
        targets.push({ ...(await openToFill(join(out, files[file]!.source.name))), position });
      }
      await writeTable(table, targets, produce, abortSignal, onBytes);
    } finally {
      await Promise.all(targets.map(({ handle }) => handle.close()));
    }
  }
}

/** Each file is opened when it is filled: a model of hundreds of shards has more than a process may hold open. */
async function openToFill(path: string): Promise<{ readonly handle: FileHandle; readonly path: string }> {
  try {
    return { handle: await open(path, "r+"), path };
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/**
 * A block of 1 MB is still in the processor's cache when it is written. Copying 2.2 GB so, on the calling thread, took 0.5 s
 * of processor time in the median of 5 runs; three blocks of 2 MB in the thread pool, which wait for the lock of one
 * file, took 1.4 s in runs between them.
 */
const BLOCK_BYTES = 1 << 20;
/** After so many bytes, a few milliseconds, others get their turn: aborts, kernels' results, progress. */
const TURN_BYTES = 8 << 20;

interface CopyRangesOptions {
  readonly source: { readonly handle: FileHandle; readonly path: string };
  readonly target: { readonly handle: FileHandle; readonly path: string };
  readonly ranges: readonly CopiedRange[];
  readonly job?: Job;
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Copies ranges of one file into another.
 * @throws RevocabError `bad_safetensors` when the source ends too early, `no_space`, `write_failed`, `aborted`
 */
export async function copyRanges(options: CopyRangesOptions): Promise<void> {
  const { ranges, job, onBytes } = options;
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (const range of ranges) {
    for (let offset = 0; offset < range.length; offset += TURN_BYTES) {
      throwIfAborted(job?.abortSignal);
      const length = Math.min(TURN_BYTES, range.length - offset);
      copyTurn(options, buffer, { from: range.from + offset, to: range.to + offset, length });
      onBytes?.(length);
      await setImmediate();
    }
  }
}

function copyTurn(
  { source, target }: CopyRangesOptions,
  buffer: Buffer,
  { from, to, length }: CopiedRange,
): void {
  for (let done = 0; done < length; ) {
    const read = readSync(source.handle.fd, buffer, 0, Math.min(buffer.length, length - done), from + done);
    if (read === 0) throw endsTooEarly(source.path, from + done, length - done);
    try {
      for (let written = 0; written < read; ) {
        written += writeSync(target.handle.fd, buffer, written, read - written, to + done + written);
      }
    } catch (cause) {
      throw writeError(target.path, cause);
    }
    done += read;
  }
}
