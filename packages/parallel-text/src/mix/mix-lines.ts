import { randomStream } from "@revocab/matrix";
import { type LineWord, type WordCut, wordsOfLine } from "../words-of-line.ts";
import { type AlignedSpans, alignedSpans, alignedSwaps, type WordLink } from "./aligned-swaps.ts";
import { dictionarySwaps, type TranslationTable } from "./dictionary-swaps.ts";
import { type LineSwap, swapWords, wordsInSwaps } from "./line-swaps.ts";

/**
 * What is written of a pair of lines:
 * - `swapped`: each of the two with a share of its words in the other language;
 * - `interleaved`: both as one line, a few words of each in turn;
 * - `joined`: both as one line, one after the other;
 * - `plain`: both as they are.
 */
export const MIXED_FORMS = ["swapped", "interleaved", "joined", "plain"] as const;
export type MixedForm = (typeof MIXED_FORMS)[number];

const SIDES = ["source", "target"] as const;
type Side = (typeof SIDES)[number];

/** A line of each language, or of one. */
export interface MixedLines {
  /** Counts from 0: every random draw depends on the seed and this. */
  readonly number: number;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly links?: readonly WordLink[] | undefined;
}

interface MixLinesOptions {
  readonly forms: readonly MixedForm[];
  /** How likely a word that can be replaced is. */
  readonly share: number;
  readonly seed: number;
  readonly wordsInPiece: number;
  readonly cut: WordCut;
  /** What the words of either side mean in the other language. */
  readonly tables?: Readonly<Record<Side, TranslationTable>> | undefined;
}

export interface SideCounts {
  readonly words: number;
  /** Words that an alignment or the dictionary can replace. */
  readonly replaceable: number;
  readonly replaced: number;
}

interface MixedLinesResult {
  readonly lines: readonly string[];
  readonly counts: Readonly<Record<Side, SideCounts>>;
}

/** The code-mixed lines of one line or of two that say the same. */
export function mixLines(mixed: MixedLines, options: MixLinesOptions): MixedLinesResult {
  const { forms, wordsInPiece } = options;
  const { source, target, links } = mixed;
  const read = {
    source: { line: source ?? "", words: wordsOfLine(source ?? "", options.cut) },
    target: { line: target ?? "", words: wordsOfLine(target ?? "", options.cut) },
  };
  const spans = links && alignedSpans(links);
  const swapped = {
    source: swapSide("source", mixed.number, read, spans, options),
    target: swapSide("target", mixed.number, read, spans, options),
  };
  const both = source !== undefined && target !== undefined;
  const given = SIDES.filter((side) => mixed[side] !== undefined);
  const written: Readonly<Record<MixedForm, () => readonly string[]>> = {
    swapped: () => given.map((side) => swapped[side].text),
    interleaved: () => (both ? [interleave(source, target, wordsInPiece)] : []),
    joined: () => (both ? [`${source.trim()} ${target.trim()}`] : []),
    plain: () => given.map((side) => read[side].line),
  };
  return {
    lines: MIXED_FORMS.filter((form) => forms.includes(form)).flatMap((form) => written[form]()),
    counts: { source: swapped.source.counts, target: swapped.target.counts },
  };
}

function swapSide(
  side: Side,
  number: number,
  read: Parameters<typeof alignedSwaps>[2],
  spans: readonly AlignedSpans[] | undefined,
  { share, seed, tables }: MixLinesOptions,
) {
  const { line, words } = read[side];
  const other = read[side === "source" ? "target" : "source"];
  const aligned = spans ? alignedSwaps(spans, side, read) : [];
  const taken = new Set((spans ?? []).flatMap((one) => wordsOf(one[side])));
  const looked = tables
    ? dictionarySwaps(line, words, {
        table: tables[side],
        otherWords: other.words,
        isTaken: (word) => taken.has(word),
      })
    : [];
  const swaps = [...aligned, ...looked].sort((a, b) => a.start - b.start);
  const draws = randomStream(seed, number, side === "source" ? 0 : 1);
  const { text, replaced } = swapWords(line, words, swaps, { share, draws });
  return {
    text,
    counts: {
      words: words.filter(({ hasLetters }) => hasLetters).length,
      replaceable: wordsInSwaps(words, swaps),
      replaced,
    },
  };
}

function wordsOf({ start, end }: Pick<LineSwap, "start" | "end">): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

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
