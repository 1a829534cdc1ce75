import type { EncodeText, TokenId, Vocabulary } from "@revocab/core";

/** Writes words in tokens as a tokenizer does in the midst of a text. */
export interface WordWriter {
  /** Whether the first word of a text is written as if a space stood before it, as SentencePiece does. */
  readonly beginsWithSpace: boolean;
  /**
   * The text and byte tokens of a word; a space before it is part of it, or there is none. Empty where the tokenizer reads
   * it as unknown.
   */
  write(word: string): Promise<readonly TokenId[]>;
}

/**
 * By the tokenizer itself where it writes exactly the word's bytes; where it adds a space of its own or changes the text, by
 * the vocabulary's spelling; where that needs single bytes (a capital letter of a tokenizer that lower-cases), by what the
 * tokenizer made of it all the same.
 */
export async function wordWriter({
  vocabulary,
  encode,
}: {
  readonly vocabulary: Vocabulary;
  readonly encode?: EncodeText;
}): Promise<WordWriter> {
  const known = new Map<string, readonly TokenId[]>();
  return {
    beginsWithSpace: encode !== undefined && (await putsSpace(encode, vocabulary)),
    async write(word) {
      const written = known.get(word) ?? (await writeWord(word, vocabulary, encode));
      known.set(word, written);
      return written;
    },
  };
}

const SPACE = 0x20;

async function putsSpace(encode: EncodeText, vocabulary: Vocabulary): Promise<boolean> {
  for (const letter of LETTERS) {
    const [first] = await encode(letter);
    if (first !== undefined && isToken(first, vocabulary)) return vocabulary.bytesOf(first)[0] === SPACE;
  }
  return false;
}

/** Several, for a tokenizer may not know one, and a comparison hides tokens. */
const LETTERS = ["a", "e", "s", "t", "n", "1", "."];

function isToken(id: TokenId, vocabulary: Vocabulary): boolean {
  return vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte";
}

async function writeWord(
  word: string,
  vocabulary: Vocabulary,
  encode: EncodeText | undefined,
): Promise<readonly TokenId[]> {
  const bytes = new TextEncoder().encode(word);
  const encoded = encode === undefined ? [] : Array.from(await encode(word));
  if (encoded.every((id) => isToken(id, vocabulary)) && isWriting(encoded, bytes, vocabulary)) return encoded;
  const spelled = vocabulary.spell(bytes);
  if (spelled?.every((id) => vocabulary.kindOf(id) === "text")) return Array.from(spelled);
  const changed = encoded.filter((id) => isToken(id, vocabulary));
  return changed.length > 0 ? changed : Array.from(spelled ?? []);
}

function isWriting(ids: readonly TokenId[], bytes: Uint8Array, vocabulary: Vocabulary): boolean {
  let at = 0;
  for (const id of ids) {
    for (const byte of vocabulary.bytesOf(id)) if (bytes[at++] !== byte) return false;
  }
  return at === bytes.length;
}
