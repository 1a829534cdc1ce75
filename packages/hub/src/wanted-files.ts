import { join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { readWhole } from "@revocab/files";
import { isTokenizerFile as isOfTokenizer } from "@revocab/vocabulary";
import type { RepositoryFile, RepositoryListing } from "./list-repository.ts";

/**
 * What a job needs of a repository:
 * - `model`: all of it;
 * - `tables`: its small files, while the weights stay on the Hub and are read by ranges;
 * - `remote`: `tables`, and the weights of an adapter and of modules beside them, which a model that is made of it keeps;
 * - `tokenizer`: what a tokenizer is read from;
 * - `any`: `tables`, or `tokenizer` where the repository has no weights.
 */
export type Wanted = "model" | "tables" | "remote" | "tokenizer" | "any";

/** Configs, and what a rewritten model keeps of its source beside the weights: all small, none of it code. */
const MODEL_FILES: ReadonlySet<string> = new Set([
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "video_preprocessor_config.json",
  "README.md",
  "model.safetensors.index.json",
]);
const LICENSE = /^(LICEN[CS]E|NOTICE|USE_POLICY)(\.(md|txt))?$/i;

/** The files a tokenizer is read from; the model type in config.json may decide its class. */
export function isTokenizerFile({ path }: RepositoryFile): boolean {
  return isOfTokenizer(path) || path === "config.json";
}

/** sentence-transformers' chain of modules, and an adapter: without them the model is another one. */
const PART_CONFIG =
  /^(modules|config_sentence_transformers|sentence_\w+_config|adapter_config)\.json$|^\d+_\w+\/(\w+_)?config\.json$/;
const MODULE_WEIGHTS = /^\d+_\w+\/[^/]+\.safetensors$/;

/**
 * The files of a model that a job may need, but for its weights: never .bin, never .py, and of subfolders the modules of
 * sentence-transformers alone.
 */
export function isSmallModelFile(file: RepositoryFile): boolean {
  const { path } = file;
  return MODEL_FILES.has(path) || LICENSE.test(path) || PART_CONFIG.test(path) || isTokenizerFile(file);
}

/** Weights beside the model's own, which a rewritten model keeps: of modules, and of an adapter that has its config. */
export function partWeights(files: readonly RepositoryFile[]): readonly RepositoryFile[] {
  const hasAdapter = files.some(({ path }) => path === "adapter_config.json");
  return files.filter(
    ({ path }) => MODULE_WEIGHTS.test(path) || (hasAdapter && path === "adapter_model.safetensors"),
  );
}

/** The largest file that is downloaded for its kind alone; a config or an index is never larger. */
export const MAX_SMALL_FILE_BYTES = 200e6;

export const SINGLE_NAME = "model.safetensors";
export const INDEX_NAME = "model.safetensors.index.json";

/**
 * The weight files of a model, chosen as they are read: `model.safetensors`, else those that the index in the snapshot
 * names. Copies in other formats and precisions stay where they are.
 * @throws RevocabError `unsupported_checkpoint` when there are none
 */
export async function chooseWeights(
  listing: RepositoryListing,
  snapshot: string,
): Promise<readonly RepositoryFile[]> {
  const { name, files } = listing;
  const single = files.find(({ path }) => path === SINGLE_NAME);
  if (single !== undefined) return [single];
  if (files.some(({ path }) => path === INDEX_NAME)) {
    const shards = await shardsOf(join(snapshot, INDEX_NAME));
    return files.filter(({ path }) => shards.has(path));
  }
  const others = files
    .map(({ path }) => path)
    .filter((path) => /\.(bin|pt|pth|h5|msgpack|gguf|safetensors)$/.test(path))
    .slice(0, 3)
    .map((path) => showText(path, 200));
  throw new RevocabError(
    "unsupported_checkpoint",
    `${name} has neither ${SINGLE_NAME} nor ${INDEX_NAME}` +
      (others.length > 0 ? `, but ${others.join(", ")}` : ""),
    {
      hint:
        "weights are read from safetensors alone: many repositories have them in a pull request (NAME@refs/pr/1), " +
        "or convert the model with transformers' save_pretrained",
    },
  );
}

/** The shards that an index names. An invalid index names none; opening the model says what is wrong with it. */
export async function shardsOf(path: string): Promise<ReadonlySet<string>> {
  try {
    const { weight_map } = JSON.parse(
      (await readWhole(path, { most: MAX_SMALL_FILE_BYTES })).toString("utf8"),
    ) as {
      weight_map?: Record<string, unknown>;
    };
    return new Set(Object.values(weight_map ?? {}).filter((name) => typeof name === "string"));
  } catch {
    return new Set();
  }
}
