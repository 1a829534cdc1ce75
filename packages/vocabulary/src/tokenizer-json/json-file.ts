import { RevocabError, showText } from "@revocab/core";
import { parseJson as parseText } from "@revocab/files";

/**
 * Parses a JSON file.
 * @throws RevocabError `bad_tokenizer` that names the file
 */
export function parseJson(bytes: Uint8Array, origin: string): unknown {
  if (bytes.length > MAX_FILE_BYTES) {
    throw badTokenizer(origin, `found ${bytes.length} bytes, expected at most ${MAX_FILE_BYTES}`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badTokenizer(origin, "found bytes that are no UTF-8, expected a JSON file", { cause });
  }
  return parseText(text, { origin, code: "bad_tokenizer", hint: TAKE_AGAIN });
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws RevocabError `bad_tokenizer` for a file that is no JSON, or JSON of another kind than `expected` */
export function jsonObject(bytes: Uint8Array, place: string, expected = "one"): JsonObject {
  const value = parseJson(bytes, place);
  if (!isObject(value)) throw badTokenizer(place, `found no JSON object, expected ${expected}`);
  return value;
}

/** Settings as the reference library writes them: indented, with a line end. */
export function encodeSettings(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

const TAKE_AGAIN =
  "take the file again from where it was published, or save it again with the tokenizers library";

/** The error for a file that is no tokenizer or contradicts itself. */
export function badTokenizer(
  origin: string,
  problem: string,
  options: { hint?: string; cause?: unknown } = {},
) {
  return new RevocabError("bad_tokenizer", `${showText(origin)}: ${problem}`, {
    hint: options.hint ?? TAKE_AGAIN,
    cause: options.cause,
  });
}

/** Bounds what is allocated for ids read from files: 16 times the largest vocabulary published. */
export const MAX_TOKENS = 2 ** 22;

/**
 * The longest piece of a Unigram, in bytes; by default, training stops at 16 characters. The library frees its trie of pieces
 * by recursion, which overflows the stack at some 150,000 bytes.
 */
export const MAX_PIECE_BYTES = 2 ** 14;

/** The largest tokenizer file read: the largest published is 34 MB. */
export const MAX_FILE_BYTES = 2 ** 29;
