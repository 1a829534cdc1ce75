import { badTokenizer } from "./bad-tokenizer.ts";
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
  try {
    return JSON.parse(text);
  } catch (cause) {
    const tail = text.trimEnd().slice(-1);
    const head = text.trimStart().slice(0, 1);
    const problem =
      head === ""
        ? "the file is empty"
        : head !== "{" && head !== "["
          ? `found no JSON but text that starts with ${JSON.stringify(text.trimStart().slice(0, 20))}`
          : tail === "}" || tail === "]"
            ? `found invalid JSON (${(cause as Error).message.slice(0, 120)})`
            : `found JSON that is cut short after ${bytes.length} bytes`;
    throw badTokenizer(origin, `${problem}, expected a complete JSON file`, { cause });
  }
}
