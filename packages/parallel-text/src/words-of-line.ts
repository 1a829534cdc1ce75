/**
 * - `unicode`: runs of letters and digits, one Han character, one punctuation mark;
 * - `whitespace`: whatever stands between white space, as aligners elsewhere count words.
 */
export const WORD_CUTS = ["unicode", "whitespace"] as const;
export type WordCut = (typeof WORD_CUTS)[number];

export interface LineWord {
  readonly text: string;
  /** In UTF-16 units: `line.slice(start, end)` is `text`. */
  readonly start: number;
  readonly end: number;
  /** False for punctuation and symbols. */
  readonly hasLetters: boolean;
}

/**
 * The words of a line in order. What stands between two of them is white space (or nothing), so that a word can be
 * replaced without touching the rest.
 *
 * Example: `Don't go, 3.5 T-Shirts` → `Don't`, `go`, `,`, `3.5`, `T-Shirts`. Han characters are words of their own, kana
 * words are runs; Thai, Lao, Khmer and Burmese write no spaces between words and stay in runs.
 */
export function wordsOfLine(line: string, cut: WordCut = "unicode"): LineWord[] {
  return Array.from(line.matchAll(PATTERNS[cut]), ({ 0: text, index: start }) => ({
    text,
    start,
    end: start + text.length,
    hasLetters: LETTER_OR_DIGIT.test(text),
  }));
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const KANA = String.raw`[\p{L}&&[[\p{scx=Hiragana}\p{scx=Katakana}]--\p{sc=Han}]]`;
const LETTER = String.raw`[[\p{L}\p{M}\p{N}]--[\p{sc=Han}${KANA}]]`;
/** Within a word only: apostrophes, hyphens, the middle dot, and the joiners of Persian and Indic scripts. */
const JOINER = String.raw`['’\-‐·\u200c\u200d]`;

const PATTERNS: Readonly<Record<WordCut, RegExp>> = {
  unicode: new RegExp(
    String.raw`\p{N}+(?:[.,]\p{N}+)+|\p{sc=Han}|${KANA}+|${LETTER}+(?:${JOINER}${LETTER}+)*|\S`,
    "gv",
  ),
  whitespace: /\S+/gu,
};
