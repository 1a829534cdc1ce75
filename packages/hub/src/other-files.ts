import { showText } from "@revocab/core";
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
  return remote.map(({ path }) => path).filter((path) => !ours.has(path) && isOfModel(path));
}

function isOfModel(path: string): boolean {
  return WEIGHTS.test(path) || isTokenizerFile(path);
}

/** What a commit of a model will do to the files of a repository, in words; undefined where there are none. */
export function whatBecomesOf(
  repository: string,
  remote: readonly { readonly path: string }[],
): string | undefined {
  const paths = remote.map(({ path }) => path).filter((path) => path !== ".gitattributes");
  if (paths.length === 0) return undefined;
  const earlier = paths.filter(isOfModel);
  const named = earlier.slice(0, 3).map((path) => showText(path, 100));
  const others = paths.length - earlier.length;
  const model =
    earlier.length === 0
      ? ""
      : ` the weights and tokenizer of an earlier model (${named.join(", ")}${earlier.length > 3 ? ", …" : ""}) go in the same commit;`;
  return `${repository} exists:${model} ${others} other ${others === 1 ? "file stays" : "files stay"}, but for those of the same names`;
}
