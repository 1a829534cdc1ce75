import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { InputFolder, readWhole } from "@revocab/files";
import { isChatTemplateFile, NAMED_TEMPLATES } from "./chat-templates.ts";
import type { ReadingOptions, Tokenizer } from "./tokenizer.ts";
import { isTokenizerFile, OTHER_VOCABULARY_FILES } from "./tokenizer-files.ts";
import { tokenizerFromFiles } from "./tokenizer-from-files.ts";
import { MAX_FILE_BYTES } from "./tokenizer-json/json-file.ts";

/**
 * Loads a tokenizer from a folder or from one of its files: tokenizer.json, a SentencePiece `.model`, vocab.json with
 * merges.txt, vocab.txt, a `.tiktoken` file or tekken.json. A file with one of the names of {@link TOKENIZER_FILES} is read
 * with the files beside it, which may name its class, roles and a chat template. A file with another name is read alone.
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`; `bad_file` for one that is far too large, and
 *   for a link out of the folder
 */
export async function loadTokenizer(
  path: string,
  options: Pick<ReadingOptions, "reading"> = {},
): Promise<Tokenizer> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new RevocabError("missing_file", `found nothing at ${showText(path)}, expected a tokenizer`, {
      hint: "give a folder with tokenizer.json, a tokenizer.json, or a file such as tokenizer.model, vocab.txt or tekken.json",
      cause,
    });
  });
  if (found.isDirectory()) return tokenizerFromFiles(await readFolder(path), path, options);
  const named = fileNamed(basename(path));
  const files = isTokenizerFile(basename(path))
    ? await readFolder(dirname(path))
    : new Map<string, Uint8Array>();
  const content = await readWhole(path, BOUND);
  if (named === undefined) files.set("tokenizer.json", content);
  else {
    // The caller named this file, so other formats of a tokenizer in the same folder are left out.
    const { name, partners } = named;
    for (const other of [...files.keys()])
      if (isOther(other) && !partners.includes(other)) files.delete(other);
    files.set(name, content);
  }
  return tokenizerFromFiles(files, path, options);
}

function isOther(name: string): boolean {
  if (name === "added_tokens.json") return false;
  return name === "tokenizer.json" || OTHER_VOCABULARY_FILES.includes(name) || name.endsWith(".tiktoken");
}

/** The files of the folder are copied into results, so links out of the folder are refused. */
async function readFolder(path: string): Promise<Map<string, Uint8Array>> {
  const folder = new InputFolder(path);
  const files = new Map<string, Uint8Array>();
  const names = await readdir(path);
  // config.json has the model type, which may decide the class of the tokenizer.
  const wanted = names.filter((name) => isTokenizerFile(name) || name === "config.json");
  for (const name of [...wanted, ...(await namedTemplates(path))]) {
    files.set(name, await folder.read(name, BOUND));
  }
  return files;
}

async function namedTemplates(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, NAMED_TEMPLATES)).catch((): string[] => []);
  return names
    .map((name) => `${NAMED_TEMPLATES}${name}`)
    .filter(isChatTemplateFile)
    .sort();
}

const BOUND = {
  most: MAX_FILE_BYTES,
  hint: "take the file again from where it was published, or save it again with the tokenizers library",
};

/**
 * For the path of a file that is no tokenizer.json: the name to read it under, and the names of the files that belong to it.
 * `undefined` for a tokenizer.json.
 */
function fileNamed(
  name: string,
): { readonly name: string; readonly partners: readonly string[] } | undefined {
  const pair = PAIRS.find((files) => files.includes(name));
  if (pair !== undefined) return { name, partners: pair.filter((other) => other !== name) };
  if (isTekken(name)) return { name: "tekken.json", partners: [] };
  if (name === "vocab.txt" || name.endsWith(".tiktoken")) return { name, partners: [] };
  const isModel = name.endsWith(".model") || name.endsWith(".spm");
  if (isModel)
    return { name: OTHER_VOCABULARY_FILES.includes(name) ? name : "tokenizer.model", partners: [] };
  return undefined;
}

/** `tekken.json`, or a name with a date, such as `tekken_240911.json`. */
function isTekken(name: string): boolean {
  return name.includes("tekken") && name.endsWith(".json");
}

const PAIRS = [
  ["vocab.json", "merges.txt"],
  ["encoder.json", "vocab.bpe"],
];
