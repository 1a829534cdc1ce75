import { lstat, mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import {
  ifThere,
  reservePath,
  takeOverLeftovers,
  trackUnfinished,
  writeError,
} from "@revocab/files/internal";

/** A folder beside the target that becomes the target in one rename, or is removed. */
export interface StagedOutput {
  /** The empty folder to write into. */
  readonly directory: string;
  /**
   * Writes a file into the folder, subfolders included.
   * @throws RevocabError `no_space`, `write_failed`
   */
  write(file: string, content: string | Uint8Array): Promise<void>;
  /** Renames the folder into place; with `force` the old target is removed only after that. */
  commit(): Promise<void>;
  /** Removes all that was written, and the parent folders that were created for it. */
  discard(): Promise<void>;
}

export interface OutputPlace {
  readonly out: string;
  /** Folders and files that must stay untouched. */
  readonly inputs: readonly string[];
  /** @default false */
  readonly force?: boolean;
}

/**
 * Refuses an output path before any work is done.
 *
 * @throws RevocabError `output_exists` when `out` exists and `force` is off, or when it overlaps one of `inputs`
 */
export async function checkOutputPlace({ out, inputs, force = false }: OutputPlace): Promise<void> {
  const target = resolve(out);
  await refuseOverlap(target, inputs);
  if (!force && (await exists(target))) {
    throw new RevocabError("output_exists", `the output ${out} exists already`, {
      hint: "choose another `out`, or pass `force` to replace it once the new model is complete",
    });
  }
  if (force && (await exists(target)) && !(await mayBeReplaced(target))) {
    throw new RevocabError(
      "output_exists",
      `the output ${out} exists and is no model, adapter or vocabulary: it has no ${WRITTEN.join(", nor ")}`,
      {
        hint: "`force` replaces folders of models, adapters and vocabularies, and empty ones; choose another `out`",
      },
    );
  }
}

/** One of these is in every folder that is written. */
const WRITTEN = ["config.json", "adapter_config.json", "large-vocabulary.json"];

/** `force` replaces such folders and empty ones only: a home folder given by mistake stays. */
async function mayBeReplaced(target: string): Promise<boolean> {
  const names = await ifThere(target, readdir(target));
  return names !== undefined && (names.length === 0 || names.some((name) => WRITTEN.includes(name)));
}

/**
 * Opens a staging folder for `out`, on the same file system so that the last step is a rename.
 * First removes what killed runs left beside `out`.
 *
 * @throws RevocabError `output_exists` when `out` exists and `force` is off, or when it overlaps one of `inputs`
 */
export async function stageOutput({ out, inputs, force = false }: OutputPlace): Promise<StagedOutput> {
  const target = resolve(out);
  await refuseOverlap(target, inputs);
  const parent = dirname(target);
  const failed = (at: string) => (cause: unknown) => {
    throw writeError(at, cause);
  };
  const firstCreated = await mkdir(parent, { recursive: true }).catch(failed(parent));
  await recover(target).catch(failed(parent));
  await checkOutputPlace({ out, inputs, force });
  const { path: directory, release } = await reservePath(placeOf(target, "partial")).catch(failed(target));
  const finish = trackUnfinished(
    directory,
    firstCreated === undefined ? [] : foldersBetween(parent, firstCreated),
  );
  const end = async () => {
    await release();
    finish();
  };
  await mkdir(directory).catch(async (cause: unknown) => {
    await end();
    throw writeError(parent, cause);
  });
  return {
    directory,
    write: (file, content) => writeInto(directory, file, content),
    async commit() {
      if (!(await exists(target))) await rename(directory, target).catch(failed(target));
      else if (force) await replace(target, directory).catch(failed(target));
      else {
        throw new RevocabError(
          "output_exists",
          `the output ${out} appeared while the new one was being written`,
          {
            hint: "choose another `out`, or pass `force`",
          },
        );
      }
      await end();
    },
    async discard() {
      await rm(directory, { recursive: true, force: true });
      await end();
      if (firstCreated !== undefined) await removeEmptyFolders(foldersBetween(parent, firstCreated));
    },
  };
}

/**
 * Writes a file into a folder, subfolders included.
 * @throws RevocabError `no_space`, `write_failed`
 */
export async function writeInto(
  directory: string,
  file: string,
  content: string | Uint8Array,
): Promise<void> {
  const path = join(directory, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Where a folder lies that is being written (`partial`), or an old target until the new one stands (`replaced`). */
function placeOf(target: string, what: "partial" | "replaced") {
  return { folder: dirname(target), before: `.${basename(target)}.revocab-${what}-` };
}

/** Moves the target aside, puts the folder in its place, and only then removes the old target. */
async function replace(target: string, directory: string): Promise<void> {
  const { path: replaced, release } = await reservePath(placeOf(target, "replaced"));
  try {
    await rename(target, replaced);
    await rename(directory, target);
  } catch (error) {
    if ((await exists(replaced)) && !(await exists(target))) await rename(replaced, target);
    await release();
    throw error;
  }
  await rm(replaced, { recursive: true, force: true });
  await release();
}

/** `folder` and its parents up to `last`. */
function foldersBetween(folder: string, last: string): string[] {
  const folders: string[] = [];
  for (let at = folder; contains(last, at); at = dirname(at)) folders.push(at);
  return folders;
}

/** Removes folders as far as nothing lies in them, the innermost first. */
async function removeEmptyFolders(folders: readonly string[]): Promise<void> {
  for (const at of folders) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function refuseOverlap(target: string, inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    if (await overlaps(target, input)) {
      throw new RevocabError("output_exists", `the output ${target} overlaps the input ${input}`, {
        hint: "write to a folder outside the input: the input is never changed",
      });
    }
  }
}

/** Whether two paths lead to one place, or one of them into the other; they may not exist yet. */
export async function overlaps(one: string, other: string): Promise<boolean> {
  const [a, b] = [await realPathOfNew(resolve(one)), await realPathOfNew(resolve(other))];
  return contains(a, b) || contains(b, a);
}

/** The real path of something that may not exist yet: that of its nearest existing parent, and the rest. */
async function realPathOfNew(path: string): Promise<string> {
  const real = await ifThere(path, realpath(path));
  const parent = dirname(path);
  return real ?? (parent === path ? path : join(await realPathOfNew(parent), basename(path)));
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && resolve(folder, way) === path);
}

/** Whether there is anything of this name, a broken link included. */
async function exists(path: string): Promise<boolean> {
  return (await ifThere(path, lstat(path))) !== undefined;
}

/** What killed runs left: unfinished folders are removed, and a target that was moved aside but not yet replaced comes back. */
async function recover(target: string): Promise<void> {
  await takeOverLeftovers(placeOf(target, "replaced"), async (left) => {
    if (await exists(target)) await rm(left, { recursive: true, force: true });
    else await rename(left, target);
  });
  await takeOverLeftovers(placeOf(target, "partial"), (left) => rm(left, { recursive: true, force: true }));
}

/** Messages name `out` in place of the staging folder, which is gone when a person reads them. */
export function namingOutput(out: string, staging: string, error: unknown): unknown {
  const shown = showText(staging);
  if (!(error instanceof RevocabError) || !error.message.includes(shown)) return error;
  const { code, message, hint } = error;
  return new RevocabError(code, message.replaceAll(shown, out), {
    hint: hint?.replaceAll(shown, out),
    cause: error,
  });
}
