import type { LineWord } from "../words-of-line.ts";
import type { LineSwap } from "./line-swaps.ts";

/** Word `source` of one line and word `target` of the other say the same. */
export interface WordLink {
  readonly source: number;
  readonly target: number;
}

/** Two stretches of words that are linked to each other and to nothing else. */
export interface AlignedSpans {
  readonly source: WordSpan;
  readonly target: WordSpan;
}

interface WordSpan {
  readonly start: number;
  /** Past the last word. */
  readonly end: number;
}

/** Longer ones are mostly mistakes of the aligner. */
const LONGEST_SPAN = 3;

/**
 * The smallest stretches that can change places: words linked to each other, directly or by way of others, where those
 * stand side by side in both lines, at most three in either.
 */
export function alignedSpans(links: readonly WordLink[]): AlignedSpans[] {
  const groups: { source: Set<number>; target: Set<number> }[] = [];
  for (const link of links) {
    const touched = groups.filter(({ source, target }) => source.has(link.source) || target.has(link.target));
    const group = { source: new Set([link.source]), target: new Set([link.target]) };
    for (const one of touched) {
      for (const word of one.source) group.source.add(word);
      for (const word of one.target) group.target.add(word);
      groups.splice(groups.indexOf(one), 1);
    }
    groups.push(group);
  }
  return groups
    .flatMap(({ source, target }) => {
      const [from, to] = [spanOf(source), spanOf(target)];
      return from && to ? [{ source: from, target: to }] : [];
    })
    .sort((a, b) => a.source.start - b.source.start);
}

function spanOf(words: ReadonlySet<number>): WordSpan | undefined {
  const [start, end] = [Math.min(...words), Math.max(...words) + 1];
  return end - start === words.size && words.size <= LONGEST_SPAN ? { start, end } : undefined;
}

/**
 * What aligned words can replace in one of two lines; stretches of punctuation and of the same writing stay.
 * @param side the line in which words are replaced
 */
export function alignedSwaps(
  spans: readonly AlignedSpans[],
  side: "source" | "target",
  lines: Readonly<
    Record<"source" | "target", { readonly line: string; readonly words: readonly LineWord[] }>
  >,
): LineSwap[] {
  const other = side === "source" ? "target" : "source";
  const hasLetters = (where: "source" | "target", { start, end }: WordSpan) =>
    lines[where].words.slice(start, end).every((word) => word.hasLetters);
  return spans
    .filter((spans) => hasLetters(side, spans[side]) && hasLetters(other, spans[other]))
    .map((spans) => ({
      ...spans[side],
      choices: [writing(lines[other], spans[other])],
      found: writing(lines[side], spans[side]),
    }))
    .filter(({ choices, found }) => choices[0].toLowerCase() !== found.toLowerCase())
    .map(({ start, end, choices }) => ({ start, end, choices }))
    .sort((a, b) => a.start - b.start);
}

function writing(
  { line, words }: { readonly line: string; readonly words: readonly LineWord[] },
  { start, end }: WordSpan,
): string {
  return line.slice(words[start].start, words[end - 1].end);
}
