import type { WordPair } from "@revocab/vocab-alignment";
import { wordsOfLine } from "../words-of-line.ts";

export interface Translation {
  /** The phrase as the dictionary has it. */
  readonly written: string;
  /** What it means. */
  readonly text: string;
  /** Of `text`, in lower case. */
  readonly words: readonly string[];
}

/** What phrases mean, for looking up the words of a line. */
export interface TranslationTable {
  /** By the phrase's words in lower case with a space between them. */
  readonly entries: ReadonlyMap<string, readonly Translation[]>;
  /** What phrases of more words begin with, written as the keys are: where a search can stop. */
  readonly beginnings: ReadonlySet<string>;
}

/**
 * A dictionary by phrase. Of the translations of a phrase those are kept whose words the other language's texts have, where
 * there are any: dictionaries list rare meanings beside common ones (Wiktionary's `men` is "Herrentoilette" too). Left out are
 * affixes ("ab-") and signs, which are no words of a text, and pairs of the same word, which change nothing.
 * @param isSeen whether the other language's texts have a word, in lower case
 */
export function translationTable(
  pairs: Iterable<WordPair>,
  isSeen: (word: string) => boolean = () => false,
): TranslationTable {
  const all = new Map<string, Translation[]>();
  const beginnings = new Set<string>();
  for (const { source: written, target: text } of pairs) {
    const phrase = wordsOfLine(written.toLowerCase());
    const words = wordsOfLine(text.toLowerCase());
    const isAffix = AFFIX.test(written) || AFFIX.test(text);
    const isSign = !(phrase.some(hasLetters) && words.some(hasLetters));
    if (isAffix || isSign || written.toLowerCase() === text.toLowerCase()) continue;
    let key = phrase[0].text;
    for (const word of phrase.slice(1)) {
      beginnings.add(key);
      key += ` ${word.text}`;
    }
    const translation = { written, text, words: words.map((word) => word.text) };
    const known = all.get(key);
    if (known === undefined) all.set(key, [translation]);
    else known.push(translation);
  }
  const entries = new Map<string, readonly Translation[]>();
  for (const [key, translations] of all) {
    const seen = translations.filter(({ words }) => words.every(isSeen));
    entries.set(key, seen.length > 0 ? seen : translations);
  }
  return { entries, beginnings };
}

const AFFIX = /^[-‐]|[-‐]$/;

function hasLetters(word: { readonly hasLetters: boolean }): boolean {
  return word.hasLetters;
}
