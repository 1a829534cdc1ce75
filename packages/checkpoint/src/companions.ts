import { copyFile, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { isOtherWeights, reasonToLeave } from "./companion-kinds.ts";
import { writeError } from "./output-file.ts";
import { placeUnchanged } from "./place-unchanged.ts";
import { type SentenceModule, sentenceModules } from "./sentence-modules.ts";
import { vocabularyTensorIn } from "./vocabulary-tensor-in.ts";

export interface CompanionFiles {
  /** Paths inside the folder that a rewritten model keeps, as they are. */
  readonly carried: readonly string[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

export interface CompanionOptions {
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
  readonly directory: string;
  readonly rewritten: ReadonlySet<string>;
  readonly tokenizerFiles: ReadonlySet<string>;
  readonly sizes: readonly number[];
  readonly modules: readonly SentenceModule[];
  /** What the user names and has not been met yet. */
  readonly carry: readonly string[];
  readonly carried: string[];
  readonly left: { name: string; reason: string }[];
}

/** Written anew by whoever rewrites the model, or describing the old one. */
const REWRITTEN = ["config.json", "generation_config.json", "revocab.json", "README.md"];
const MAX_DEPTH = 4;

/**
 * Sorts the other files of a model folder: which stay true when the vocabulary changes, and which do not.
 *
 * Carried: files of the kinds that are known to stay true (companion-kinds.ts), what the user names, and weights in
 * safetensors without a dimension of the vocabulary's size, with the files of their folder (a `2_Dense`, a vision tower).
 * Left, each with the reason: all else, above all weights in other formats and the files of the old tokenizer. A folder
 * whose weights are left is left whole: a config without its weights would be opened with random ones.
 * Links to files are followed (the hub's cache is made of them).
 *
 * @throws RevocabError `unsupported_checkpoint` when a module that `modules.json` names cannot be carried; `bad_options`
 *   when `carry` names nothing, or what is written anew
 */
export async function listCompanions(directory: string, options: CompanionOptions): Promise<CompanionFiles> {
  const walk: Walk = {
    directory,
    rewritten: new Set([...REWRITTEN, ...options.rewritten]),
    tokenizerFiles: new Set(options.tokenizerFiles),
    sizes: options.vocabularySizes,
    modules: await sentenceModules(directory),
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
 * Copies the files that {@link listCompanions} carries into `out`; weights are hard-linked with `link`.
 * @throws RevocabError `no_space`, `write_failed`
 */
export async function copyCompanions(
  directory: string,
  out: string,
  { carried }: CompanionFiles,
  { link = false }: { readonly link?: boolean } = {},
): Promise<void> {
  for (const name of carried) {
    const [source, target] = [join(directory, name), join(out, name)];
    try {
      await mkdir(dirname(target), { recursive: true });
      const isPlaced = name.endsWith(".safetensors") && (await placeUnchanged(source, target, link));
      if (!isPlaced) await copyFile(source, target);
    } catch (cause) {
      throw writeError(target, cause);
    }
  }
}

async function visit(folder: string, depth: number, walk: Walk, isPart = false): Promise<void> {
  const { directory, rewritten, carried, left } = walk;
  const entries = await readdir(join(directory, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const isFile = await isFileOrLinkToOne(join(directory, path));
    const isFolder = entry.isDirectory();
    if (isFolder && depth >= MAX_DEPTH) left.push({ name: path, reason: "nested too deep" });
    else if (!isFile && !isFolder) left.push({ name: path, reason: "no ordinary file" });
    else if (rewritten.has(path)) left.push({ name: path, reason: "written anew" });
    else if (isAsked(path, walk)) {
      if (isFile) carried.push(path);
      else await visit(path, depth + 1, walk);
    } else if (isFolder) await visitFolder(path, depth + 1, walk, isPart);
    else {
      const reason = await reasonToLeaveFile(path, walk, isPart);
      if (reason === undefined) carried.push(path);
      else left.push({ name: path, reason });
    }
  }
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

function isAsked(path: string, { carry }: Walk): boolean {
  return carry.some((asked) => path === asked || path.startsWith(`${asked}/`));
}

function refuseUnmet({ carry, carried, directory, rewritten }: Walk): void {
  for (const asked of carry) {
    if (carried.some((path) => path === asked || path.startsWith(`${asked}/`))) continue;
    throw new RevocabError(
      "bad_options",
      rewritten.has(asked)
        ? `${asked} is written anew for the new vocabulary: it cannot be carried as it is`
        : `${directory} has no file or folder ${asked} to carry`,
      { hint: "--carry takes a path inside the model folder, such as labels.json or 2_Dense" },
    );
  }
}

/** sentence-transformers opens every module of the list: one that is missing leaves no model, or another one. */
function refuseBrokenChain(walk: Walk): void {
  const { modules, left, directory } = walk;
  for (const { path, type } of modules) {
    if (path === "" || isAsked(path, walk)) continue;
    const reason = type.endsWith(".WordWeights")
      ? "it holds a weight for each token of the old vocabulary"
      : (left.find(({ name }) => name === path)?.reason ?? missingWeights(path, type, walk));
    if (reason === undefined) continue;
    throw new RevocabError(
      "unsupported_checkpoint",
      `${directory} has the module ${path} (${type}), which cannot be carried: ${reason}`,
      {
        hint: reason.includes("format")
          ? `save the model with sentence-transformers, which writes safetensors; or --carry ${path} where it does not depend on the vocabulary`
          : `where it does not depend on the vocabulary: --carry ${path}`,
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
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
