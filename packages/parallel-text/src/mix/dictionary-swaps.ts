import type { LineWord } from "../words-of-line.ts";
import { followCase } from "./follow-case.ts";
import type { LineSwap } from "./line-swaps.ts";
import type { Translation, TranslationTable } from "./translation-table.ts";

export interface DictionarySwapOptions {
  readonly table: TranslationTable;
  /** The same line in the other language: a translation that stands there is taken before others. */
  readonly otherWords?: readonly LineWord[];
  /** Words that are spoken for. */
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
