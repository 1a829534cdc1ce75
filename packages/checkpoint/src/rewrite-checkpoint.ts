import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Job, type ProgressListener, RevocabError, showText, throwIfAborted } from "@revocab/core";
import { insideFolder, requireFreeSpace } from "@revocab/files/internal";
import type { CopyTargets } from "./copy-files.ts";
import { fillFiles } from "./fill-files.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import { createSized } from "./output-file.ts";
import { placeUnchanged } from "./place-unchanged.ts";
import { type PlannedFile, type PlannedOutput, planOutput } from "./plan-output.ts";
import { type Copying, startCopying } from "./start-copying.ts";
import type { ProduceTable } from "./table-writer.ts";
import { INDEX_NAME } from "./weight-files.ts";
import { writeIndex } from "./write-index.ts";

/** Where a checkpoint is written, and its new shape. */
export interface StartRewriteOptions {
  readonly checkpoint: Checkpoint;
  /** An existing empty folder. After a failure the caller removes it: what it holds is then no model. */
  readonly out: string;
  /** Rows of every vocabulary table of the new model, padding included. */
  readonly rows: number;
  /** Give a tied model a head of its own: V · d more parameters. @default false */
  readonly untie?: boolean;
  /** Hard-link files that stay as they are, where the file system can. @default false */
  readonly link?: boolean;
  readonly job?: Job;
}

export interface RewriteCheckpointOptions extends StartRewriteOptions {
  /** Delivers every value of a table once, in blocks of any order; called for one table after another. */
  readonly produce: ProduceTable;
}

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly how: "rewritten" | "copied" | "linked" | "cloned";
}

export interface WrittenFiles {
  readonly files: readonly WrittenFile[];
  readonly bytes: number;
  /** sha256 in hex of the source's weight files by name, of the bytes that were read to copy them. */
  readonly sourceHashes: Readonly<Record<string, string>>;
}

const WRITE_STEP = "write weights";

/**
 * Writes all weight files of the model, and their index, into `out`: every vocabulary table with new rows, every
 * copy of it alike; all other tensors byte for byte, in their order.
 * @throws RevocabError `output_exists`, `no_space`, `write_failed`, `aborted`, `apply_mismatch`,
 * `unsupported_checkpoint` or `bad_options` (untie), and whatever `produce` throws.
 */
export async function rewriteCheckpoint({
  produce,
  ...options
}: RewriteCheckpointOptions): Promise<WrittenFiles> {
  return (await startRewrite(options)).finish(produce, options.job);
}

/** The weight files of a new model while what stays is copied into them. */
export interface StartedRewrite {
  /** Has the tables produced, waits for what is copied, and writes the index; throws as {@link rewriteCheckpoint} does. */
  finish(produce: ProduceTable, job?: Job): Promise<WrittenFiles>;
  /** Ends the copying; nothing is written any more once this resolves. */
  stop(): Promise<void>;
}

/**
 * The first part of {@link rewriteCheckpoint}: all that needs no row. Copying begins before this returns, so that it goes on
 * while the rows are planned; a failure of it is thrown by `finish`.
 * @throws RevocabError as {@link rewriteCheckpoint} does
 */
export async function startRewrite({
  checkpoint,
  out,
  rows,
  untie = false,
  link = false,
  copying: started,
  job,
}: StartRewriteOptions & {
  /** Already reads the checkpoint's files; the caller stops it. @default started here */
  readonly copying?: Copying;
}): Promise<StartedRewrite> {
  throwIfAborted(job?.abortSignal);
  const planned = planOutput(checkpoint, rows, untie);
  await requireEmpty(out);
  await noteLinksOut(checkpoint, job?.onProgress);
  const placed = await placeFiles(planned, out, link, job?.onProgress);
  const toWrite = planned.files.filter((file) => !placed.has(file.source.name));
  await requireFreeSpace(
    out,
    toWrite.reduce((sum, file) => sum + file.bytes, 0),
  );

  for (const { source, bytes } of toWrite) await createSized(join(out, source.name), bytes);
  const progress = progressOf(toWrite);
  const copying = started ?? startCopying(checkpoint.files);
  copying.copyTo(targetsOf(toWrite, out), progress.add);
  return {
    async finish(produce, job) {
      progress.tell(job?.onProgress);
      const sourceHashes = await fillFiles({ planned, out, copying, produce, job, onBytes: progress.add });
      const files = planned.files.map(({ source, bytes, header }): WrittenFile => {
        const how = placed.get(source.name) ?? (header === undefined ? "copied" : "rewritten");
        return { name: source.name, bytes, how };
      });
      if (checkpoint.index !== undefined) {
        files.push({ name: INDEX_NAME, bytes: await writeIndex(out, checkpoint, planned), how: "rewritten" });
      }
      return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0), sourceHashes };
    },
    stop: copying.stop,
  };
}

/** Counts the bytes that are written, and tells them to whoever listens by then. */
function progressOf(files: readonly PlannedFile[]) {
  const total = files.reduce((sum, { bytes, header }) => sum + bytes - (header?.length ?? 0), 0);
  let done = 0;
  let listener: ProgressListener | undefined;
  return {
    tell(onProgress: ProgressListener | undefined): void {
      listener = onProgress;
    },
    add(count: number): void {
      done += count;
      listener?.({ type: "progress", step: WRITE_STEP, done, total, unit: "bytes" });
    },
  };
}

function targetsOf(files: readonly PlannedFile[], out: string): CopyTargets {
  return new Map(
    files.map(({ source: { name, bytes }, header, copied }) => {
      const ranges = header === undefined ? [{ from: 0, to: 0, length: bytes }] : copied;
      return [name, { path: join(out, name), ...(header && { header }), ranges }];
    }),
  );
}

async function requireEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((cause: unknown) => {
    throw new RevocabError("write_failed", `${showText(out)} is no folder that can be read`, {
      hint: "create it first",
      cause,
    });
  });
  if (names.length > 0) {
    throw new RevocabError(
      "output_exists",
      `${showText(out)} holds ${names.length} files; an empty folder was expected`,
      {
        hint: "choose another output folder",
      },
    );
  }
}

/** Links of safetensors may lead out of the folder. The user is told, as the result may be shared. */
async function noteLinksOut(
  { folder, files }: Checkpoint,
  onProgress: ProgressListener | undefined,
): Promise<void> {
  for (const { name, mark } of files) {
    if (mark === undefined) continue; // not on the disk
    await insideFolder(folder.path, name).catch((error: RevocabError) => {
      if (error.code !== "bad_file") return; // reading the file gives the error
      onProgress?.({ type: "note", step: WRITE_STEP, message: `${error.message}; its tensors are written` });
    });
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
      const message = `${showText(source.name, 200)} could not be hard-linked into ${showText(out)}; it is ${how ?? "copied"}`;
      onProgress?.({ type: "note", step: WRITE_STEP, message });
    }
  }
  return placed;
}
