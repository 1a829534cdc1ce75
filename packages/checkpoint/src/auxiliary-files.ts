import { constants, type Dirent } from "node:fs";
import { copyFile, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import type { InputFolder } from "@revocab/files";
import { ifThere, insideFolder, writeError } from "@revocab/files/internal";
import { isOtherWeights, reasonToLeave } from "./auxiliary-kinds.ts";
import { placeUnchanged } from "./place-unchanged.ts";
import { readSafetensorsHeader } from "./safetensors-header.ts";
import { type SentenceModule, sentenceModules } from "./sentence-modules.ts";

export interface AuxiliaryFiles {
  /** Paths inside the folder that a rewritten model keeps, as they are. */
  readonly carried: readonly string[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

export interface AuxiliaryOptions {
  /** Paths of what the caller writes itself: configs, tokenizer files, weights. */
  readonly rewritten: Iterable<string>;
  /** Names that belong to a tokenizer, wherever they lie. */
  readonly tokenizerFiles: Iterable<string>;
  /** The rows of the model's tables, and the ids of its tokenizer where these are fewer. */
  readonly vocabularySizes: readonly number[];
  /** Files and folders that are carried whatever they are. @default none */
  readonly carry?: readonly string[];
}

interface Walk {
  readonly folder: InputFolder;
  readonly directory: string;
  readonly rewritten: ReadonlySet<string>;
  readonly tokenizerFiles: ReadonlySet<string>;
  readonly sizes: readonly number[];
  readonly modules: readonly SentenceModule[];
  /** Paths that the user names. */
  readonly carry: readonly string[];
  readonly carried: string[];
  readonly left: { name: string; reason: string }[];
}

/** Files that the caller writes anew, or that describe the old model. */
const REWRITTEN = ["config.json", "generation_config.json", "revocab.json", "README.md"];
const MAX_DEPTH = 4;

/**
 * Sorts the other files of a model folder: which stay true when the vocabulary changes, and which do not.
 *
 * Carried: files of the kinds that are known to stay true (auxiliary-kinds.ts), what the user names, and weights in
 * safetensors without a dimension of the vocabulary's size, with the files of their folder (a `2_Dense`, a vision tower).
 * Left, each with the reason: all else, above all weights in other formats and the files of the old tokenizer. A folder
 * whose weights are left is left whole: a config without its weights would be opened with random ones.
 * Links to files of the folder are followed (the hub's cache is made of them), links to folders are left.
 *
 * @param folder remembers the files that are carried
 * @throws RevocabError `unsupported_checkpoint` when a module that `modules.json` names cannot be carried; `bad_options`
 *   when `carry` names nothing, or what is written anew; `bad_file` when a file to carry is a link out of the folder;
 *   `missing_file` when it cannot be read
 */
export async function listAuxiliaryFiles(
  folder: InputFolder,
  options: AuxiliaryOptions,
): Promise<AuxiliaryFiles> {
  const walk: Walk = {
    folder,
    directory: folder.path,
    rewritten: new Set([...REWRITTEN, ...options.rewritten]),
    tokenizerFiles: new Set(options.tokenizerFiles),
    sizes: options.vocabularySizes,
    modules: await sentenceModules(folder),
    carry: (options.carry ?? []).map((path) => path.replace(/^\.\/|\/$/g, "")),
    carried: [],
    left: [],
  };
  await visit("", 0, walk);
  refuseUnmet(walk);
  refuseBrokenChain(walk);
  return { carried: walk.carried, left: walk.left };
}

/**
 * Copies the files that {@link listAuxiliaryFiles} carries into `out`; weights are hard-linked with `link`.
 * @throws RevocabError `missing_file` or `bad_file` for a file that cannot be read any more; `no_space`, `write_failed`
 */
export async function copyAuxiliaryFiles(
  folder: InputFolder,
  out: string,
  { carried }: AuxiliaryFiles,
  { link = false }: { readonly link?: boolean } = {},
): Promise<void> {
  for (const name of carried) {
    await (await folder.open(name)).close(); // from here on a failure is one of writing
    const [source, target] = [await insideFolder(folder.path, name), join(out, name)];
    try {
      await mkdir(dirname(target), { recursive: true });
      const isPlaced = name.endsWith(".safetensors") && (await placeUnchanged(source, target, link));
      if (!isPlaced) await copyFile(source, target, constants.COPYFILE_FICLONE);
    } catch (cause) {
      throw writeError(target, cause);
    }
  }
}

async function visit(folder: string, depth: number, walk: Walk, isPart = false): Promise<void> {
  const { directory, rewritten, left } = walk;
  const entries = await readdir(join(directory, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const isFile = await isFileOrLinkToOne(join(directory, path));
    const isFolder = entry.isDirectory();
    if (isFolder && depth >= MAX_DEPTH) left.push({ name: path, reason: "nested too deep" });
    else if (!isFile && !isFolder)
      left.push({ name: path, reason: await kindOfOther(entry, join(directory, path)) });
    else if (rewritten.has(path)) left.push({ name: path, reason: "written anew" });
    else if (isNamed(path, walk)) {
      if (isFile) await take(path, walk);
      else await visit(path, depth + 1, walk);
    } else if (isFolder) await visitFolder(path, depth + 1, walk, isPart);
    else {
      const reason = await reasonToLeaveFile(path, walk, isPart);
      if (reason === undefined) await take(path, walk);
      else left.push({ name: path, reason });
    }
  }
}

/** Opens a file that is to be carried, which refuses links out of the folder and remembers what it is. */
async function take(path: string, { folder, carried }: Walk): Promise<void> {
  await (await folder.open(path)).close();
  carried.push(path);
}

async function kindOfOther(entry: Dirent, path: string): Promise<string> {
  const isLinkToFolder = entry.isSymbolicLink() && (await ifThere(path, stat(path)))?.isDirectory();
  return isLinkToFolder ? "a link to a folder" : "no ordinary file";
}

/** A folder with weights of its own is a part, carried or left as one. */
async function visitFolder(path: string, depth: number, walk: Walk, isPart: boolean): Promise<void> {
  const holds = (paths: Iterable<string>) => [...paths].some((inside) => inside.startsWith(`${path}/`));
  const expected = holds(walk.rewritten) || holds(walk.carry);
  const reason = reasonToLeave(path, true);
  if (reason !== undefined && !expected) {
    walk.left.push({ name: path, reason });
    return;
  }
  const names = await readdir(join(walk.directory, path));
  const weights = names.filter((name) => name.endsWith(".safetensors"));
  if (weights.length === 0 && names.some(isOtherWeights) && !expected) {
    walk.left.push({
      name: path,
      reason: "its weights are in a format that is not read here; safetensors were expected",
    });
    return;
  }
  for (const name of expected ? [] : weights) {
    const found = await vocabularyTensorIn(join(walk.directory, path, name), walk.sizes);
    if (found === undefined) continue;
    walk.left.push({ name: path, reason: `${name} ${found}` });
    return;
  }
  // of a folder that the caller or the user picks files from, each is judged by itself
  await visit(path, depth, walk, isPart || (!expected && (weights.length > 0 || isModule(path, walk))));
}

async function reasonToLeaveFile(path: string, walk: Walk, isPart: boolean): Promise<string | undefined> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (isPart)
    return name.startsWith(".") ? "hidden" : isOtherWeights(name) ? "another copy of its weights" : undefined;
  if (walk.tokenizerFiles.has(name)) return "belongs to the old tokenizer";
  const reason = reasonToLeave(path, false);
  if (reason !== undefined || !name.endsWith(".safetensors")) return reason;
  return vocabularyTensorIn(join(walk.directory, path), walk.sizes);
}

function isModule(path: string, { modules }: Walk): boolean {
  return modules.some((module) => module.path === path);
}

function isNamed(path: string, { carry }: Walk): boolean {
  return carry.some((wanted) => path === wanted || path.startsWith(`${wanted}/`));
}

function refuseUnmet({ carry, carried, left, directory, rewritten }: Walk): void {
  const because = (path: string) => {
    const reason = left.find(({ name }) => name === path)?.reason;
    return reason === undefined ? "" : `: it is ${reason}`;
  };
  for (const wanted of carry) {
    if (carried.some((path) => path === wanted || path.startsWith(`${wanted}/`))) continue;
    throw new RevocabError(
      "bad_options",
      rewritten.has(wanted)
        ? `${showText(wanted)} is written anew for the new vocabulary: it cannot be carried as it is`
        : `${showText(directory)} has no file or folder ${showText(wanted)} to carry${because(wanted)}`,
      { hint: "`carry` takes a path inside the model folder, such as labels.json or 2_Dense" },
    );
  }
}

/** sentence-transformers opens every module of the list: one that is missing leaves no model, or another one. */
function refuseBrokenChain(walk: Walk): void {
  const { modules, left, directory } = walk;
  for (const { path, type } of modules) {
    if (path === "" || isNamed(path, walk)) continue;
    const reason = type.endsWith(".WordWeights")
      ? "it holds a weight for each token of the old vocabulary"
      : (left.find(({ name }) => name === path)?.reason ?? missingWeights(path, type, walk));
    if (reason === undefined) continue;
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(directory)} has the module ${showText(path, 200)} (${showText(type, 200)}), which cannot be carried: ${reason}`,
      {
        hint: reason.includes("format")
          ? `save the model with sentence-transformers, which writes safetensors; or \`carry: ${showText(path, 200)}\` where it does not depend on the vocabulary`
          : `where it does not depend on the vocabulary: \`carry: ${showText(path, 200)}\``,
      },
    );
  }
}

/** Modules that are nothing without weights; a download that skipped pickled ones has none. */
function missingWeights(path: string, type: string, { carried }: Walk): string | undefined {
  if (!/\.(Dense|CNN|LSTM|LayerNorm|WeightedLayerPooling|SparseAutoEncoder)$/.test(type)) return undefined;
  const isThere = carried.some((name) => name.startsWith(`${path}/`) && name.endsWith(".safetensors"));
  return isThere ? undefined : "it has no weights in a format that is read here; safetensors were expected";
}

async function isFileOrLinkToOne(path: string): Promise<boolean> {
  return (await ifThere(path, stat(path)))?.isFile() ?? false;
}

/**
 * Why a safetensors file beside the model cannot be carried as it is: a tensor with a dimension of the vocabulary's size,
 * or a header that cannot be read. Undefined where it can.
 * @param sizes the rows of the model's tables, and the ids of its tokenizer where these are fewer
 */
async function vocabularyTensorIn(path: string, sizes: readonly number[]): Promise<string | undefined> {
  try {
    const { tensors } = await readSafetensorsHeader(path);
    const found = tensors.find(({ shape }) => shape.some((count) => sizes.includes(count)));
    return (
      found &&
      `holds ${showText(found.name, 200)} [${showText(found.shape.join(", "), 200)}], which has an entry per token of the old vocabulary`
    );
  } catch (error) {
    if (error instanceof RevocabError) return `cannot be read: ${error.message}`;
    throw error;
  }
}
