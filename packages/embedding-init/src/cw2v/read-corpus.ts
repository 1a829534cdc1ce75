import { basename } from "node:path";
import {
  type EncodeText,
  mapAhead,
  RevocabError,
  type TokenId,
  throwIfAborted,
  type Vocabulary,
} from "@revocab/core";
import { linesOfText } from "@revocab/files";

/** Lines of tokens, one after the other. */
export interface Corpus {
  /** [tokens] */
  readonly tokens: Uint32Array;
  /** [lines + 1] where each line begins. */
  readonly offsets: Uint32Array;
}

export interface ReadCorpusOptions {
  readonly vocabulary: Vocabulary;
  readonly encode: EncodeText;
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * The lines of a UTF-8 file as ids of the tokenizer's text and byte tokens; specials, such as unk, are left out, and so
 * are lines without any other. Memory: 4 bytes a token.
 * @throws RevocabError `missing_file`, `bad_text`; `no_evidence` when no line has a token
 */
export async function readCorpus(
  path: string,
  { vocabulary, encode, abortSignal }: ReadCorpusOptions,
): Promise<Corpus> {
  const [tokens, offsets] = [new Numbers(), new Numbers()];
  let specials = 0;
  offsets.push(0);
  for await (const [line, ids] of mapAhead(linesOfText(path), encode)) {
    throwIfAborted(abortSignal);
    if (line.trim() === "") continue;
    for (const id of ids) {
      if (isWritten(vocabulary, id)) tokens.push(id);
      else specials++;
    }
    if (tokens.length > offsets.last) offsets.push(tokens.length);
  }
  if (tokens.length === 0) throw withoutTokens(path, specials);
  return { tokens: tokens.toArray(), offsets: offsets.toArray() };
}

function isWritten(vocabulary: Vocabulary, id: TokenId): boolean {
  const kind = vocabulary.kindOf(id);
  return kind === "text" || kind === "byte";
}

function withoutTokens(path: string, specials: number): RevocabError {
  const found =
    specials === 0
      ? "has no text"
      : `is unknown to the target's tokenizer: all of its ${specials} tokens are specials`;
  return new RevocabError("no_evidence", `${basename(path)} ${found}`, {
    hint: "give text in the language, and the script, that the target's tokenizer was made for",
  });
}

/** A list of 32-bit numbers that grows. A class because its array grows and nothing else may hold it meanwhile. */
class Numbers {
  #values = new Uint32Array(1 << 16);
  length = 0;

  get last(): number {
    return this.#values[this.length - 1];
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  toArray(): Uint32Array {
    return this.#values.slice(0, this.length);
  }
}
