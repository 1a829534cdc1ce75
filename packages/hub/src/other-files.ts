import { isTokenizerFile } from "@revocab/vocabulary";
import type { FolderFile } from "./seen-folder.ts";

/** Files of a repository that a commit of `files` leaves alone. */
export function keptFiles(
  remote: readonly { path: string }[],
  files: readonly FolderFile[],
  deleted: readonly string[],
): string[] {
  // every repository of the Hub has a .gitattributes of its own
  const ours = new Set([".gitattributes", ...files.map(({ path }) => path), ...deleted]);
  return remote.map(({ path }) => path).filter((path) => !ours.has(path));
}

const WEIGHTS =
  /^[^/]+\.safetensors$|^[^/]+\.safetensors\.index\.json$|^pytorch_model.*\.bin(\.index\.json)?$/;

/**
 * Files of an earlier model that must not lie beside a new one: a loader would take shards, pickled weights or tokenizer
 * files with the old vocabulary.
 */
export function staleFiles(
  remote: readonly { readonly path: string }[],
  files: readonly FolderFile[],
): string[] {
  const ours = new Set(files.map(({ path }) => path));
  return remote
    .map(({ path }) => path)
    .filter((path) => !ours.has(path) && (WEIGHTS.test(path) || isTokenizerFile(path)));
}
