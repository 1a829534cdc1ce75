import { TOKENIZER_FILES } from "@revocab/vocabulary";
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
const TOKENIZER: ReadonlySet<string> = new Set(TOKENIZER_FILES);

/** The files a tokenizer is read from. */
export function isTokenizerFile({ path }: RepositoryFile): boolean {
  return TOKENIZER.has(path);
}

/** The files of a model that a job may need, but for its weights: never .bin, never .py, nothing in a subfolder. */
export function isSmallModelFile(file: RepositoryFile): boolean {
  return MODEL_FILES.has(file.path) || LICENSE.test(file.path) || isTokenizerFile(file);
}

/** What may be downloaded whole without being asked for by name; a config or an index is never larger. */
export const MAX_SMALL_FILE_BYTES = 200e6;
