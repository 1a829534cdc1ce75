import type { WordPair } from "@revocab/vocab-alignment";
import { type LineWord, wordsOfLine } from "../words-of-line.ts";
import type { LineSwap } from "./line-swaps.ts";

interface DictionarySwapOptions {
  readonly table: TranslationTable;
  /** The same line in the other language: a translation that stands there is taken before others. */
  readonly otherWords?: readonly LineWord[];
  /** Words that another swap replaces already. */
  readonly isTaken?: (word: number) => boolean;
}

/** What a dictionary can replace in a line: from its head on, the longest phrase that the dictionary has. */
export function dictionarySwaps(
  line: string,
  words: readonly LineWord[],
  { table, otherWords = [], isTaken = () => false }: DictionarySwapOptions,
): LineSwap[] {
  const lower = words.map(({ text }) => text.toLowerCase());
  const others = new Set(otherWords.map(({ text }) => text.toLowerCase()));
  const swaps: LineSwap[] = [];
  for (let start = 0; start < words.length; ) {
    const phrase = longestPhrase(lower, start, table, isTaken);
    if (phrase === undefined) {
      start++;
      continue;
    }
    const { end, translations } = phrase;
    const found = line.slice(words[start].start, words[end - 1].end);
    const asFound = narrowed(translations, ({ written }) => written === found);
    const beside = narrowed(asFound, (translation) => translation.words.every((word) => others.has(word)));
    const isFirst = start === 0;
    swaps.push({
      start,
      end,
      choices: beside.map(({ text, written }) => followCase(text, { found, written, isFirst })),
    });
    start = end;
  }
  return swaps;
}

function longestPhrase(
  lower: readonly string[],
  start: number,
  { entries, beginnings }: TranslationTable,
  isTaken: (word: number) => boolean,
) {
  let found: { readonly end: number; readonly translations: readonly Translation[] } | undefined;
  let key = "";
  for (let i = start; i < lower.length && !isTaken(i); i++) {
    key = i === start ? lower[i] : `${key} ${lower[i]}`;
    const translations = entries.get(key);
    if (translations !== undefined) found = { end: i + 1, translations };
    if (!beginnings.has(key)) break;
  }
  return found;
}

/** Those for which the claim holds, or all where it holds for none. */
function narrowed<T>(all: readonly T[], claim: (one: T) => boolean): readonly T[] {
  const some = all.filter(claim);
  return some.length > 0 ? some : all;
}

interface CasedWord {
  /** As the line has it. */
  readonly found: string;
  /** As the dictionary has it. */
  readonly written: string;
  /** It opens the line. */
  readonly isFirst: boolean;
}

/**
 * A translation in the case of the word it stands in for. What stands in the line as in the dictionary is translated as the
 * dictionary has it, so that German nouns keep their capital.
 *
 * Example, of `dog → Hund` and `free → frei`: dog → Hund · DOG → HUND · Free → Frei · FREE → FREI.
 */
export function followCase(translation: string, { found, written, isFirst }: CasedWord): string {
  if (found === written) return isFirst && isTitle(found) ? titled(translation) : translation;
  if (isUpper(found)) return translation.toUpperCase();
  if (isTitle(found)) return titled(translation);
  return found === found.toLowerCase() ? translation.toLowerCase() : translation;
}

/** One capital alone is a title: "A" at the head of a line. */
function isUpper(word: string): boolean {
  const capitals = word.match(/\p{Lu}/gu) ?? [];
  return capitals.length > 1 && word === word.toUpperCase();
}

function isTitle(word: string): boolean {
  return /^\p{Lu}/u.test(word);
}

/** The first letter alone: "free of charge" → "Free of charge". */
function titled(words: string): string {
  const [first] = words;
  return first.toUpperCase() + words.slice(first.length);
}

interface Translation {
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
