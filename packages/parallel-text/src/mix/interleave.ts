import { type LineWord, wordsOfLine } from "../words-of-line.ts";

/**
 * Two lines that say the same as one: a few words of the source, those of the target that stand as far into their line, and
 * so on, so that a window of neighbors holds both languages.
 *
 * Example, 2 words a piece: `a red dog sleeps` + `ein roter Hund schläft` → `a red ein roter dog sleeps Hund schläft`.
 */
export function interleave(source: string, target: string, wordsInPiece: number): string {
  const [left, right] = [piecesOf(source), piecesOf(target)];
  const count = Math.max(1, Math.ceil(Math.min(left.length, right.length) / wordsInPiece));
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    for (const words of [left, right]) {
      const start = Math.round((i * words.length) / count);
      const end = Math.round(((i + 1) * words.length) / count);
      parts.push(words.slice(start, end).join(""));
    }
  }
  return parts.map((part) => part.trim()).join(" ");
}

/** A line cut before each word, punctuation left at the word it is written to; joined they are the line. */
function piecesOf(line: string): string[] {
  const words = wordsOfLine(line);
  const starts = words.filter((word, i) => i > 0 && isStart(word, words[i - 1])).map(({ start }) => start);
  return [0, ...starts].map((start, i) => line.slice(start, starts[i]));
}

function isStart(word: LineWord, before: LineWord): boolean {
  return word.start > before.end || (word.hasLetters && before.hasLetters);
}
