import { isTokenizerFile as isOfTokenizer } from "@revocab/vocabulary";
import type { RepositoryFile } from "./list-repository.ts";

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

/** What may be downloaded whole without being asked for by name; a config or an index is never larger. */
export const MAX_SMALL_FILE_BYTES = 200e6;
