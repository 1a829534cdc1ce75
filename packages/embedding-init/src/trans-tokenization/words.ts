import type { EncodeText, TokenId, Vocabulary } from "@revocab/core";
import { type ParallelLines, type WordAlignment, type WordCut, wordsOfLine } from "@revocab/parallel-text";

export interface WordPairOptions {
  readonly lines: Pick<ParallelLines, "source" | "target">;
  readonly alignment: WordAlignment;
  /** How the alignment numbers words. */
  readonly words: WordCut;
  /** Whether a tokenizer writes the first word of a line as if a space stood before it. */
  readonly beginsWithSpace: { readonly source: boolean; readonly target: boolean };
}

/** Two words as they stand in text, with the space before them if there is one, and how often they are linked. */
export interface CountedPair {
  readonly source: string;
  readonly target: string;
  readonly count: number;
}

/** Every pair of linked words, in the order of their first link; "Dog", "dog" and " dog" are three words. */
export function countWordPairs({ lines, alignment, words, beginsWithSpace }: WordPairOptions): CountedPair[] {
  const source = numberedWords();
  const target = numberedWords();
  const counts = new Map<number, number>();
  for (let line = 0; line + 1 < alignment.offsets.length; line++) {
    const [start, end] = [alignment.offsets[line], alignment.offsets[line + 1]];
    if (start === end) continue;
    const left = spacedWords(lines.source[line], words, beginsWithSpace.source);
    const right = spacedWords(lines.target[line], words, beginsWithSpace.target);
    for (let at = start; at < end; at++) {
      const key =
        source.numberOf(left[alignment.source[at]]) * MOST_WORDS +
        target.numberOf(right[alignment.target[at]]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return Array.from(counts, ([key, count]) => ({
    source: source.all[Math.floor(key / MOST_WORDS)],
    target: target.all[key % MOST_WORDS],
    count,
  }));
}

/** Words of one side: two numbers below this fit into one double exactly. */
const MOST_WORDS = 2 ** 26;

function numberedWords() {
  const numbers = new Map<string, number>();
  const all: string[] = [];
  return {
    all,
    numberOf(word: string): number {
      const known = numbers.get(word);
      if (known !== undefined) return known;
      numbers.set(word, all.length);
      return all.push(word) - 1;
    },
  };
}

function spacedWords(line: string, cut: WordCut, beginsWithSpace: boolean): string[] {
  let end = 0;
  return wordsOfLine(line, cut).map(({ text, start, end: next }, i) => {
    const isSpaced = start > end || (i === 0 && beginsWithSpace);
    end = next;
    return isSpaced ? ` ${text}` : text;
  });
}

/** Writes words in tokens, as a tokenizer does inside a text. */
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
 * Three ways, in this order: the tokenizer's own ids, where they stand for exactly the word's bytes; the vocabulary's
 * spelling, where the tokenizer adds a space or changes the text; the tokenizer's ids of the changed text, where the spelling
 * needs single bytes (a capital letter, for a tokenizer that lower-cases).
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

/** Several, because a vocabulary may lack one, in leave-out tests too. */
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
