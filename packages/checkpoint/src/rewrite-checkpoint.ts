import { type FileHandle, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ProgressListener, RevocabError } from "@revocab/core";
import { copyRanges } from "./copy-ranges.ts";
import { requireFreeSpace } from "./free-space.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import { openForReading } from "./open-for-reading.ts";
import { createSized, writeAt } from "./output-file.ts";
import { placeUnchanged } from "./place-unchanged.ts";
import { type PlannedFile, type PlannedOutput, planOutput } from "./plan-output.ts";
import { type ProduceTable, writeTable } from "./table-writer.ts";
import { throwIfAborted } from "./throw-if-aborted.ts";
import { INDEX_NAME } from "./weight-files.ts";
import { writeIndex } from "./write-index.ts";

export interface RewriteCheckpointOptions {
  readonly checkpoint: Checkpoint;
  /** An existing empty folder. After a failure the caller removes it: what it holds is then no model. */
  readonly out: string;
  /** Rows of every vocabulary table of the new model, padding included. */
  readonly rows: number;
  /** Give a tied model a head of its own: V · d more parameters. @default false */
  readonly untie?: boolean;
  /** Hard-link files that stay as they are, where the file system can. @default false */
  readonly link?: boolean;
  /** Delivers every value of a table once, in blocks of any order; called for one table after another. */
  readonly produce: ProduceTable;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly how: "rewritten" | "copied" | "linked" | "cloned";
}

export interface WrittenFiles {
  readonly files: readonly WrittenFile[];
  readonly bytes: number;
}

const STEP = "write weights";

/**
 * Writes all weight files of the model, and their index, into `out`: every vocabulary table with new rows, every
 * copy of it alike; all other tensors byte for byte, in their order.
 * @throws RevocabError `output_exists`, `no_space`, `write_failed`, `aborted`, `apply_mismatch`,
 * `unsupported_checkpoint` or `bad_options` (untie), and whatever `produce` throws.
 */
export async function rewriteCheckpoint({
  checkpoint,
  out,
  rows,
  untie = false,
  link = false,
  produce,
  abortSignal,
  onProgress,
}: RewriteCheckpointOptions): Promise<WrittenFiles> {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new RevocabError("bad_options", `rows is ${rows}; a count of at least 1 was expected`);
  }
  throwIfAborted(abortSignal);
  const planned = planOutput(checkpoint, rows, untie);
  await requireEmpty(out);
  const placed = await placeFiles(planned, out, link, onProgress);
  const toWrite = planned.files.filter((file) => !placed.has(file.source.name));
  await requireFreeSpace(
    out,
    toWrite.reduce((sum, file) => sum + file.bytes, 0),
  );

  const handles = new Map<string, FileHandle>();
  try {
    for (const { source, bytes } of toWrite) {
      handles.set(source.name, await createSized(join(out, source.name), bytes));
    }
    await fillFiles({ planned, toWrite, handles, out, produce, abortSignal, onProgress });
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.close()));
  }
  const files = planned.files.map(({ source, bytes, header }): WrittenFile => {
    const how = placed.get(source.name) ?? (header === undefined ? "copied" : "rewritten");
    return { name: source.name, bytes, how };
  });
  if (checkpoint.index !== undefined) {
    files.push({ name: INDEX_NAME, bytes: await writeIndex(out, checkpoint, planned), how: "rewritten" });
  }
  return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}

async function requireEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((cause: unknown) => {
    throw new RevocabError("write_failed", `${out} is no folder that can be read`, {
      hint: "create it first",
      cause,
    });
  });
  if (names.length > 0) {
    throw new RevocabError(
      "output_exists",
      `${out} holds ${names.length} files; an empty folder was expected`,
      {
        hint: "choose another output folder",
      },
    );
  }
}

async function placeFiles(
  planned: PlannedOutput,
  out: string,
  link: boolean,
  onProgress: ProgressListener | undefined,
): Promise<ReadonlyMap<string, "linked" | "cloned">> {
  const placed = new Map<string, "linked" | "cloned">();
  for (const { source, header } of planned.files) {
    if (header !== undefined) continue;
    const how = await placeUnchanged(source.path, join(out, source.name), link);
    if (how !== undefined) placed.set(source.name, how);
    if (link && how !== "linked") {
      const message = `${source.name} could not be hard-linked into ${out}; it is ${how ?? "copied"}`;
      onProgress?.({ type: "note", step: STEP, message });
    }
  }
  return placed;
}

interface FillOptions {
  readonly planned: PlannedOutput;
  readonly toWrite: readonly PlannedFile[];
  readonly handles: ReadonlyMap<string, FileHandle>;
  readonly out: string;
  readonly produce: ProduceTable;
  readonly abortSignal: AbortSignal | undefined;
  readonly onProgress: ProgressListener | undefined;
}

/** Copies what stays while the tables are produced; when one fails, the other is stopped before this returns. */
async function fillFiles(options: FillOptions): Promise<void> {
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
    onProgress?.({ type: "progress", step: STEP, done, total, unit: "bytes" });
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
  { toWrite, handles, out }: FillOptions,
  abortSignal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  for (const { source, header, copied } of toWrite) {
    const target = { handle: handles.get(source.name)!, path: join(out, source.name) };
    if (header !== undefined) await writeAt(target.handle, target.path, header, 0);
    const ranges = header === undefined ? [{ from: 0, to: 0, length: source.bytes }] : copied;
    const handle = await openForReading(source.path);
    try {
      await copyRanges({ source: { handle, path: source.path }, target, ranges, abortSignal, onBytes });
    } finally {
      await handle.close();
    }
  }
}

async function produceAll(
  { handles, out, produce }: FillOptions,
  { files, tables }: PlannedOutput,
  abortSignal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  for (const table of tables) {
    const targets = table.targets.map(({ file, position }) => {
      const { name } = files[file]!.source;
      return { handle: handles.get(name)!, path: join(out, name), position };
    });
    await writeTable(table, targets, produce, abortSignal, onBytes);
  }
}
