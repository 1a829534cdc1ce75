import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { smallTokenizers } from "./seeds/small-tokenizers.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const MODELS = join(repository, "packages/checkpoint/test/fixtures/models");

/** The place of a file or folder of the repository. */
export function repositoryPath(path) {
  return join(repository, path);
}

/** A file of the repository. */
export function repositoryFile(path) {
  return readFileSync(repositoryPath(path));
}

/** A folder of the repository without its subfolders: contents by name. */
export function repositoryFolder(path) {
  return folderFiles(join(repository, path));
}

export function folderFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(entries.map(({ name }) => [name, readFileSync(join(folder, name))]));
}

/** A tiny model of the fixtures, with a tokenizer of its own that has an id for each of its rows. */
export function tinyModel(name) {
  const files = folderFiles(join(MODELS, name));
  const { vocab_size, text_config } = JSON.parse(files["config.json"]);
  return { ...files, ...tinyTokenizer(vocab_size ?? text_config?.vocab_size) };
}

/** A tokenizer of whole words with `size` ids. */
export function tinyTokenizer(size) {
  const document = smallTokenizers().wordlevel;
  const words = Object.keys(document.model.vocab);
  const more = Array.from({ length: Math.max(0, size - words.length) }, (_, place) => `w${place}`);
  document.model.vocab = Object.fromEntries([...words, ...more].slice(0, size).map((word, id) => [word, id]));
  return {
    "tokenizer.json": Buffer.from(JSON.stringify(document)),
    "tokenizer_config.json": Buffer.from('{"tokenizer_class":"PreTrainedTokenizerFast","unk_token":"<unk>"}'),
  };
}

/**
 * Writes a folder that readings need beside the mutant, unless it is there: whole or not at all, for the process may die.
 * @returns its path
 */
export async function made(inputs, name, make) {
  const place = join(inputs, name);
  if (existsSync(place)) return place;
  mkdirSync(inputs, { recursive: true });
  const partial = join(inputs, `.${name}-${process.pid}`);
  await make(partial);
  renameSync(partial, place);
  return place;
}

export function writeFolder(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
