import { dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { badTokenizer, parseJson } from "../tokenizer-json/json-file.ts";

/** Where a file is, for messages: an origin that is a file is itself the tokenizer, with settings beside it. */
export function placeOf(origin: string, name: string): string {
  if (!/\.(json|model|spm|txt|bpe|tiktoken)$/.test(origin)) return join(origin, name);
  const isTokenizer = name === "tokenizer.json" || name === "tekken.json" || /\.(model|spm)$/.test(name);
  return isTokenizer ? origin : join(dirname(origin), name);
}

/** What bytes alone were said to be wrong with, of the file they are. */
export function inTermsOf(place: string, cause: unknown): unknown {
  if (!(cause instanceof RevocabError)) return cause;
  const { code, message, hint } = cause;
  return new RevocabError(code, `${place}: ${message}`, { ...(hint !== undefined && { hint }), cause });
}

/**
 * A file that must be a JSON object, where it is there.
 * @throws RevocabError `bad_tokenizer`
 */
export function jsonObject(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  origin: string,
): Record<string, unknown> | undefined {
  const bytes = files.get(name);
  if (bytes === undefined) return undefined;
  const value = parseJson(bytes, placeOf(origin, name));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badTokenizer(placeOf(origin, name), "found no JSON object, expected the settings of a tokenizer");
  }
  return value as Record<string, unknown>;
}
