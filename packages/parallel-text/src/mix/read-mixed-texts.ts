import { readLines } from "@revocab/files";
import type { WordAlignment } from "../align/word-alignment.ts";
import { readParallelLines } from "../read-parallel-lines.ts";
import { readPharaoh } from "../read-pharaoh.ts";
import type { WordCut } from "../words-of-line.ts";
import type { WordLink } from "./aligned-swaps.ts";
import type { MixCorpusOptions } from "./mix-corpus.ts";
import type { MixedLines } from "./mix-lines.ts";

/** The lines that are mixed, by number. */
export interface MixedTexts {
  readonly length: number;
  /** Undefined where there are no words. */
  at(number: number): MixedLines | undefined;
}

/** Reads parallel texts with their alignment, or texts of one language each. */
export async function readMixedTexts(
  { parallel, text, targetText, alignments, abortSignal }: MixCorpusOptions,
  cut: WordCut,
): Promise<MixedTexts> {
  const isEmpty = (line: string) => !/\S/.test(line);
  if (parallel !== undefined) {
    const watch = { ...(abortSignal && { abortSignal }) };
    const lines = await readParallelLines(parallel, watch);
    const { source, target } = lines;
    const alignment =
      alignments === undefined ? undefined : await readPharaoh(alignments, { lines, words: cut, ...watch });
    return {
      length: source.length,
      at: (number) =>
        isEmpty(source[number]) || isEmpty(target[number])
          ? undefined
          : {
              number,
              source: source[number],
              target: target[number],
              links: alignment && linksOf(alignment, number),
            },
    };
  }
  const source = text === undefined ? [] : await readLines(text, abortSignal);
  const target = targetText === undefined ? [] : await readLines(targetText, abortSignal);
  // no translations of each other: each line of the shorter text stands beside one of the other by chance
  const lineOf = (lines: readonly string[], number: number) =>
    number < lines.length && !isEmpty(lines[number]) ? lines[number] : undefined;
  return {
    length: Math.max(source.length, target.length),
    at(number) {
      const lines = { number, source: lineOf(source, number), target: lineOf(target, number) };
      return lines.source === undefined && lines.target === undefined ? undefined : lines;
    },
  };
}

function linksOf({ offsets, source, target }: WordAlignment, line: number): WordLink[] {
  return Array.from({ length: offsets[line + 1] - offsets[line] }, (_, i) => ({
    source: source[offsets[line] + i],
    target: target[offsets[line] + i],
  }));
}
