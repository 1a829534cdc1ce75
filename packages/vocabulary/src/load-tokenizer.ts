import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { isChatTemplateFile, NAMED_TEMPLATES } from "./publish/chat-templates-of.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { TOKENIZER_FILES } from "./tokenizer-files.ts";
import { tokenizerFromFiles } from "./tokenizer-from-files.ts";
import { badTokenizer } from "./tokenizer-json/bad-tokenizer.ts";
import { MAX_FILE_BYTES } from "./tokenizer-json/limits.ts";

/**
 * Loads a tokenizer from a folder with a tokenizer.json (or a SentencePiece model), from a tokenizer.json, or from a
 * SentencePiece `.model` file. A file under one of {@link TOKENIZER_FILES} is read with its neighbours, which may
 * name roles and a chat template; a file under another name stands alone.
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new RevocabError("missing_file", `found nothing at ${path}, expected a tokenizer`, {
      hint: "give a folder with tokenizer.json, a tokenizer.json, or a SentencePiece .model file",
      cause,
    });
  });
  if (found.isDirectory()) return tokenizerFromFiles(await readFolder(path), path);
  const name = basename(path);
  const files = TOKENIZER_FILES.includes(name)
    ? await readFolder(dirname(path))
    : new Map<string, Uint8Array>();
  const content = await readBounded(path);
  if (!isModelFile(name)) files.set("tokenizer.json", content);
  else {
    // The caller asked for the SentencePiece model, not for a tokenizer.json that lies beside it.
    files.delete("tokenizer.json");
    files.set(TOKENIZER_FILES.includes(name) ? name : "tokenizer.model", content);
  }
  return tokenizerFromFiles(files, path);
}

async function readFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const names = await readdir(folder);
  for (const name of TOKENIZER_FILES) {
    if (names.includes(name)) files.set(name, await readBounded(join(folder, name)));
  }
  for (const name of await namedTemplates(folder)) files.set(name, await readBounded(join(folder, name)));
  return files;
}

async function namedTemplates(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, NAMED_TEMPLATES)).catch((): string[] => []);
  return names
    .map((name) => `${NAMED_TEMPLATES}${name}`)
    .filter(isChatTemplateFile)
    .sort();
}

async function readBounded(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES)
    throw badTokenizer(path, `found ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
  return readFile(path);
}

function isModelFile(name: string): boolean {
  return name.endsWith(".model") || name.endsWith(".spm");
}
