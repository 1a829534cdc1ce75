import { dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { type JsonObject, jsonObject } from "../tokenizer-json/json-file.ts";

/** The path of a file, for messages. An origin that is a file is the tokenizer itself, with the settings beside it. */
export function placeOf(origin: string, name: string): string {
  if (!/\.(json|model|spm|txt|bpe|tiktoken)$/.test(origin)) return join(origin, name);
  const isTokenizer = name === "tokenizer.json" || name === "tekken.json" || /\.(model|spm)$/.test(name);
  return isTokenizer ? origin : join(dirname(origin), name);
}

/** Runs a step that does not know the path of its file, and puts the path before the message of an error. */
export function atPlace<Result>(place: string, step: () => Result): Result {
  try {
    return step();
  } catch (cause) {
    if (!(cause instanceof RevocabError)) throw cause;
    const { code, message, hint } = cause;
    throw new RevocabError(code, `${place}: ${message}`, { hint, cause });
  }
}

/**
 * The settings in one of the files; undefined where the file is missing.
 * @throws RevocabError `bad_tokenizer` for a file that is no JSON object
 */
export function settingsOf(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  origin: string,
): JsonObject | undefined {
  const bytes = files.get(name);
  return bytes && jsonObject(bytes, placeOf(origin, name), "the settings of a tokenizer");
}
