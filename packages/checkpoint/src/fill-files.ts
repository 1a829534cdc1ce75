import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type ProgressListener, RevocabError, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { copyRanges } from "./copy-ranges.ts";
import { writeAt, writeError } from "./output-file.ts";
import type { PlannedFile, PlannedOutput } from "./plan-output.ts";
import { type OutputTarget, type ProduceTable, writeTable } from "./table-writer.ts";

export const WRITE_STEP = "write weights";

export interface FillOptions {
  readonly planned: PlannedOutput;
  readonly toWrite: readonly PlannedFile[];
  readonly out: string;
  readonly produce: ProduceTable;
  readonly abortSignal: AbortSignal | undefined;
  readonly onProgress: ProgressListener | undefined;
}

/** Copies what stays while the tables are produced; when one fails, the other is stopped before this returns. */
export async function fillFiles(options: FillOptions): Promise<void> {
  const { planned, toWrite, onProgress } = options;
  const failure = new AbortController();
  const abortSignal = AbortSignal.any([
    failure.signal,
    ...(options.abortSignal ? [options.abortSignal] : []),
  ]);
  const total = toWrite.reduce((sum, file) => sum + file.bytes - (file.header?.length ?? 0), 0);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    onProgress?.({ type: "progress", step: WRITE_STEP, done, total, unit: "bytes" });
  };
  const stopOther = (error: unknown): never => {
    failure.abort(new RevocabError("aborted", "stopped because another part failed", { cause: error }));
    throw error;
  };
  const copying = copyAll(options, abortSignal, onBytes).catch(stopOther);
  const producing = produceAll(options, planned, abortSignal, onBytes).catch(stopOther);
  await Promise.allSettled([copying, producing]);
  throwIfAborted(options.abortSignal);
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
        await copyRanges({ source: { handle, path: source.path }, target, ranges, abortSignal, onBytes });
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
