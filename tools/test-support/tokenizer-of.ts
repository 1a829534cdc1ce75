import { type ReadingOptions, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";

interface Parts {
  readonly model: object;
  readonly added?: readonly object[];
  readonly normalizer?: object | null;
  readonly preTokenizer?: object | null;
  readonly postProcessor?: object | null;
  readonly decoder?: object | null;
  readonly truncation?: object | null;
  readonly padding?: object | null;
}

/** A tokenizer.json as text; what is not given is null, as the library writes it. */
export function tokenizerJson(parts: Parts): string {
  return JSON.stringify({
    version: "1.0",
    truncation: parts.truncation ?? null,
    padding: parts.padding ?? null,
    added_tokens: parts.added ?? [],
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.preTokenizer ?? null,
    post_processor: parts.postProcessor ?? null,
    decoder: parts.decoder ?? null,
    model: parts.model,
  });
}

/** A tokenizer made of its parts, with other files (objects are written as JSON) beside it. */
export function tokenizerOf(
  parts: Parts,
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

export function added(id: number, content: string, flags: object = {}): object {
  return {
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    ...flags,
  };
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
