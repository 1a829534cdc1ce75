import { parseJson as parseText } from "@revocab/files";
import { badTokenizer, TAKE_AGAIN } from "./bad-tokenizer.ts";
import { MAX_FILE_BYTES } from "./limits.ts";

/** Parses a JSON file, saying which file and what is wrong with it. */
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
