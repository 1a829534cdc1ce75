import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Job, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { requireFreeSpace, writeError } from "@revocab/files/internal";
import { type FileSource, localFiles, type ReadableFile, readExactly } from "./file-source.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import { createSized, openToFill } from "./output-file.ts";
import { type PlannedOutput, type PlannedTable, planOutput } from "./plan-output.ts";
import type { WrittenFile, WrittenFiles } from "./rewrite-checkpoint.ts";
import { type ProduceTable, writeTable } from "./table-writer.ts";
import { INDEX_NAME } from "./weight-files.ts";
import { writeIndex } from "./write-index.ts";

export interface StreamRewriteOptions {
  readonly checkpoint: Checkpoint;
  /** Where the checkpoint's files are read from. */
  readonly source: FileSource;
  /** The existing folder of the new model, in which its weight files seem to lie. */
  readonly out: string;
  /** A folder of the caller's for the new tables; it need not exist. */
  readonly tablesIn: string;
  /** Rows of every vocabulary table of the new model, padding included. */
  readonly rows: number;
  /** @default false */
  readonly untie?: boolean;
}

/** The weight files of a new model, which lie nowhere: each is put together as it is read. */
export interface StreamedRewrite {
  /**
   * Reads the new files: header, new tables, and what stays from the source's own file. A file without a table is the source's.
   * Every other path is read from the disk.
   */
  readonly weights: FileSource;
  /**
   * Has the tables produced, and writes the index.
   * @returns the new files; those that are the source's are `copied`
   * @throws RevocabError `no_space`, `write_failed`, `aborted`, `apply_mismatch`, and whatever `produce` throws
   */
  finish(produce: ProduceTable, job?: Job): Promise<Omit<WrittenFiles, "sourceHashes">>;
}

/**
 * Plans the weight files of a model with other rows, without writing one: on the disk are the new tables alone.
 * @throws RevocabError `bad_options` or `unsupported_checkpoint` (untie)
 */
export function streamRewrite(options: StreamRewriteOptions): StreamedRewrite {
  const { checkpoint, source, out, tablesIn, rows, untie = false } = options;
  const planned = planOutput(checkpoint, rows, untie);
  const placeOf = (table: PlannedTable) => join(tablesIn, `${planned.tables.indexOf(table)}`);
  return {
    weights: viewOf(planned, { source, out }, placeOf),
    async finish(produce, job) {
      await produceTables(planned, placeOf, { tablesIn, produce, job });
      const files = planned.files.map(({ source: { name }, bytes, header }): WrittenFile => {
        return { name, bytes, how: header === undefined ? "copied" : "rewritten" };
      });
      if (checkpoint.index !== undefined) {
        files.push({ name: INDEX_NAME, bytes: await writeIndex(out, checkpoint, planned), how: "rewritten" });
      }
      return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
    },
  };
}

const STEP = "write weights";

async function produceTables(
  { tables }: PlannedOutput,
  placeOf: (table: PlannedTable) => string,
  {
    tablesIn,
    produce,
    job,
  }: { readonly tablesIn: string; readonly produce: ProduceTable; readonly job?: Job | undefined },
): Promise<void> {
  await mkdir(tablesIn, { recursive: true }).catch((cause: unknown) => {
    throw writeError(tablesIn, cause);
  });
  const total = tables.reduce((sum, { rows, rowBytes }) => sum + rows * rowBytes, 0);
  await requireFreeSpace(tablesIn, total);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    job?.onProgress?.({ type: "progress", step: STEP, done, total, unit: "bytes" });
  };
  const signal = job?.abortSignal ?? new AbortController().signal;
  for (const table of tables) {
    throwIfAborted(signal);
    const path = placeOf(table);
    await createSized(path, table.rows * table.rowBytes);
    const handle = await openToFill(path);
    try {
      await writeTable(table, [{ handle, path, position: 0 }], produce, signal, onBytes);
    } finally {
      await handle.close();
    }
  }
}

function viewOf(
  { files, tables }: PlannedOutput,
  { source, out }: Pick<StreamRewriteOptions, "source" | "out">,
  placeOf: (table: PlannedTable) => string,
): FileSource {
  return {
    async list(directory) {
      const local = await localFiles.list(directory);
      if (directory !== out) return local;
      return [...new Set([...local, ...files.map((file) => file.source.name)])];
    },
    async open(path) {
      const index = files.findIndex((file) => join(out, file.source.name) === path);
      const file = files[index];
      if (file === undefined) return localFiles.open(path);
      const { header, copied, bytes } = file;
      const original = await source.open(file.source.path);
      if (header === undefined) return withoutMark(original);
      const places = [
        { start: 0, length: header.length, read: fromMemory(header) },
        ...copied.map(({ from, to, length }) => ({
          start: to,
          length,
          read: (into: Uint8Array, offset: number) => original.read(into, from + offset),
        })),
        ...tables.flatMap((table) =>
          table.targets
            .filter((target) => target.file === index)
            .map(({ position }) => ({
              start: position,
              length: table.rows * table.rowBytes,
              read: fromDisk(placeOf(table)),
            })),
        ),
      ].sort((a, b) => a.start - b.start);
      return { bytes, read: readerOf(path, places, bytes), close: () => original.close() };
    },
  };
}

/** The mark is that of the source's file, at another path than the one that was asked for. */
function withoutMark({ mark: _, ...file }: ReadableFile): ReadableFile {
  return file;
}

/** A stretch of a new file, and how bytes from an offset into it are read. */
interface Place {
  readonly start: number;
  readonly length: number;
  readonly read: (into: Uint8Array, offset: number) => Promise<void>;
}

function readerOf(path: string, places: readonly Place[], bytes: number): ReadableFile["read"] {
  return async (into, position) => {
    const end = position + into.length;
    if (end > bytes) {
      throw new RevocabError(
        "bad_safetensors",
        `${showText(path)} ends at byte ${bytes}; bytes up to ${end} were wanted`,
      );
    }
    for (const { start, length, read } of places) {
      const first = Math.max(start, position);
      const last = Math.min(start + length, end);
      if (first < last) await read(into.subarray(first - position, last - position), first - start);
    }
  };
}

function fromMemory(bytes: Uint8Array): Place["read"] {
  return async (into, offset) => into.set(bytes.subarray(offset, offset + into.length));
}

/** Opened for each read: a view is opened by several readers, and closed by none of them for the others. */
function fromDisk(path: string): Place["read"] {
  return async (into, offset) => {
    const handle = await openFile(path);
    try {
      await readExactly(handle, into, offset, path);
    } finally {
      await handle.close();
    }
  };
}
