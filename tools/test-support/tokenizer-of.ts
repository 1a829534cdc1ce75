import { type ReadingOptions, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { type TokenizerJsonParts, tokenizerJson } from "./tokenizer-json.ts";

/** A tokenizer made of its parts, with other files (objects are written as JSON) beside it. */
export function tokenizerOf(
  parts: TokenizerJsonParts,
  files: Readonly<Record<string, object | string>> = {},
  options?: ReadingOptions,
): Tokenizer {
  return tokenizerFrom({ "tokenizer.json": tokenizerJson(parts), ...files }, options);
}

export function tokenizerFrom(
  files: Readonly<Record<string, object | string>>,
  options?: ReadingOptions,
): Tokenizer {
  const encoder = new TextEncoder();
  const contents = Object.entries(files).map(([name, content]): [string, Uint8Array] => [
    name,
    encoder.encode(typeof content === "string" ? content : JSON.stringify(content)),
  ]);
  return tokenizerFromFiles(new Map(contents), "test", options);
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The spelling as tokens, or undefined. */
export function spelled({ vocabulary }: Tokenizer, text: string | Uint8Array): string[] | undefined {
  const ids = vocabulary.spell(typeof text === "string" ? utf8(text) : text);
  return ids && [...ids].map((id) => vocabulary.tokenOf(id));
}

/** The texts that the ids of a tokenizer stand for, in order. */
export function textsOf({ vocabulary }: Tokenizer): string[] {
  return Array.from({ length: vocabulary.size }, (_, id) => Buffer.from(vocabulary.bytesOf(id)).toString());
}
