import type { LineWord } from "../words-of-line.ts";

/** Words of a line that other words may stand in for. */
export interface LineSwap {
  /** The first word. */
  readonly start: number;
  /** Past the last word. */
  readonly end: number;
  /** What may stand there instead; at least one. */
  readonly choices: readonly string[];
}

/** Draws in [0, 1). */
export interface Draws {
  uniform(): number;
}

export interface SwappedLine {
  readonly text: string;
  /** Words that others now stand in for. */
  readonly replaced: number;
}

/**
 * A line with some of its words replaced: each swap happens with probability `share`, by one of its choices.
 * @param swaps in order, none over another
 */
export function swapWords(
  line: string,
  words: readonly LineWord[],
  swaps: readonly LineSwap[],
  { share, draws }: { readonly share: number; readonly draws: Draws },
): SwappedLine {
  let text = "";
  let written = 0;
  let replaced = 0;
  for (const { start, end, choices } of swaps) {
    if (draws.uniform() >= share) continue;
    const choice = choices[Math.floor(draws.uniform() * choices.length)];
    text += line.slice(written, words[start].start) + choice;
    written = words[end - 1].end;
    replaced += lettersIn(words, start, end);
  }
  return { text: text + line.slice(written), replaced };
}

/** Words that a swap can replace, however many of them it will. */
export function wordsInSwaps(words: readonly LineWord[], swaps: readonly LineSwap[]): number {
  return swaps.reduce((sum, { start, end }) => sum + lettersIn(words, start, end), 0);
}

function lettersIn(words: readonly LineWord[], start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += Number(words[i].hasLetters);
  return sum;
}
