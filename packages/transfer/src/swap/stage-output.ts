import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { writeError } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { unfinished } from "@revocab/files";
import { isAlive } from "@revocab/plan/internal";

/** A folder beside the target that becomes the target in one rename, or vanishes. */
export interface StagedOutput {
  /** The empty folder to write into. */
  readonly directory: string;
  /** Puts the folder in place; with `force` the old target is removed only after the new one stands. */
  commit(): Promise<void>;
  /** Removes all that was written, and the parent folders that were made for it. */
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
 * Refuses an output before any work is done for it.
 *
 * @throws RevocabError `output_exists` when `out` exists and `force` is off, or when it overlaps one of `inputs`
 */
export async function checkOutputPlace({ out, inputs, force = false }: OutputPlace): Promise<void> {
  const target = resolve(out);
  await refuseOverlap(target, inputs);
  if (!force && (await exists(target))) {
    throw new RevocabError("output_exists", `the output ${out} exists already`, {
      hint: "choose another --out, or pass --force to replace it once the new model is complete",
    });
  }
  if (force && (await exists(target)) && !(await mayBeReplaced(target))) {
    throw new RevocabError(
      "output_exists",
      `the output ${out} exists and is no model: it has no config.json, nor adapter_config.json`,
      {
        hint: "--force replaces model folders and empty folders alone; choose another --out",
      },
    );
  }
}

/** What --force may take away: a model, an adapter, or nothing. A home folder given by mistake stays. */
async function mayBeReplaced(target: string): Promise<boolean> {
  const names = await readdir(target).catch(() => undefined);
  const isModel = (name: string) => name === "config.json" || name === "adapter_config.json";
  return names !== undefined && (names.length === 0 || names.some(isModel));
}

/**
 * Opens a staging folder for `out`, on the same file system so that the last step is a rename.
 * What an earlier killed run left beside `out` is cleaned up first.
 *
 * @throws RevocabError `output_exists` when `out` exists and `force` is off, or when it overlaps one of `inputs`
 */
export async function stageOutput({ out, inputs, force = false }: OutputPlace): Promise<StagedOutput> {
  const target = resolve(out);
  await refuseOverlap(target, inputs);
  const parent = dirname(target);
  const firstMade = await mkdir(parent, { recursive: true }).catch((cause: unknown) => {
    throw writeError(parent, cause);
  });
  await recover(target);
  await checkOutputPlace({ out, inputs, force });
  const mark = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const directory = join(parent, `.${basename(target)}.revocab-partial-${mark}`);
  const replaced = join(parent, `.${basename(target)}.revocab-replaced-${mark}`);
  const finish = unfinished(directory, firstMade === undefined ? [] : foldersBetween(parent, firstMade));
  await mkdir(directory).catch((cause: unknown) => {
    finish();
    throw writeError(parent, cause);
  });
  return {
    directory,
    async commit() {
      const replaces = await exists(target);
      if (replaces && !force) {
        throw new RevocabError("output_exists", `the output ${out} appeared while it was being made`, {
          hint: "choose another --out, or pass --force",
        });
      }
      try {
        if (replaces) await rename(target, replaced);
        await rename(directory, target);
        finish();
      } catch (cause) {
        if (replaces && !(await exists(target))) await rename(replaced, target);
        throw writeError(target, cause);
      }
      if (replaces) await rm(replaced, { recursive: true, force: true });
    },
    async discard() {
      await rm(directory, { recursive: true, force: true });
      if (firstMade !== undefined) await removeEmptyFolders(foldersBetween(parent, firstMade));
      finish();
    },
  };
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
  const real = await realPathOfNew(target);
  for (const input of inputs) {
    const other = await realPathOfNew(resolve(input));
    if (contains(real, other) || contains(other, real)) {
      throw new RevocabError("output_exists", `the output ${target} overlaps the input ${input}`, {
        hint: "write to a folder outside the input: the input is never changed",
      });
    }
  }
}

/** The real path of something that may not exist yet: that of its nearest existing parent, and the rest. */
async function realPathOfNew(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOfNew(parent), basename(path));
  }
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && resolve(folder, way) === path);
}

/** Whether there is anything of this name, be it a link to nothing. */
async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** After a kill: unfinished folders go, and a target that was moved aside but not yet replaced comes back. */
async function recover(target: string): Promise<void> {
  const parent = dirname(target);
  const pattern = /\.revocab-(partial|replaced)-(\d+)-[0-9a-f]{8}$/;
  for (const name of await readdir(parent)) {
    const match = pattern.exec(name);
    if (!match || !name.startsWith(`.${basename(target)}.revocab-`) || isAlive(Number(match[2]))) continue;
    if (match[1] === "replaced" && !(await exists(target))) await rename(join(parent, name), target);
    else await rm(join(parent, name), { recursive: true, force: true });
  }
}
