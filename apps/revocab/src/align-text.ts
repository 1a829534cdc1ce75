import type { Job } from "@revocab/core";
import {
  type AlignedFiles,
  alignFiles,
  type Symmetrization,
  splitPathPair,
  type WordCut,
} from "@revocab/parallel-text";
import { checkPlace } from "./check-place.ts";
import { grouped, printTable } from "./print-table.ts";
import { shown } from "./shown.ts";

export interface AlignTextOptions {
  /** SOURCE:TARGET */
  readonly pair: string;
  readonly out: string;
  readonly force?: boolean;
  readonly dictionary?: string;
  readonly words: WordCut;
  readonly foldCase: boolean;
  readonly iterations: number;
  readonly symmetrize: Symmetrization;
  readonly job: Job;
}

/** Aligns the words of two texts and writes the links. */
export async function alignText({
  pair,
  force = false,
  symmetrize: symmetrization,
  ...options
}: AlignTextOptions): Promise<AlignedFiles> {
  checkPlace(options.out, force);
  return alignFiles({ parallel: splitPathPair(pair), symmetrization, ...options });
}

export function printAlignedText({
  lines,
  skipped,
  sourceWords,
  targetWords,
  links,
  words,
  directions,
  forward,
  reverse,
  dictionary,
  out,
}: AlignedFiles): string {
  const share = (part: number, whole: number) =>
    whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`;
  return [
    printTable([
      ["lines", grouped(lines)],
      ["  passed over: empty", grouped(skipped.empty)],
      ["  passed over: more than 1,000 words", grouped(skipped.long)],
      ["words of the source", grouped(sourceWords)],
      ["words of the target", grouped(targetWords)],
      ["links", grouped(links)],
      [
        "found in both directions, of those in either",
        grouped(directions.both),
        share(directions.both, directions.either),
      ],
      ...(dictionary === undefined
        ? []
        : [
            [
              "  between words that the dictionary pairs",
              grouped(dictionary.listed),
              share(dictionary.listed, links),
            ],
            ["source words with a listed translation in the line", grouped(dictionary.translatable)],
            ["  linked to it", grouped(dictionary.found), share(dictionary.found, dictionary.translatable)],
          ]),
    ]),
    "\n",
    printTable([
      ["", "tension", "bits a word", "explained by none"],
      ...(
        [
          ["target from source", forward],
          ["source from target", reverse],
        ] as const
      ).map(([name, { tension, bitsPerWord, nullShare }]) => [
        name,
        tension.toFixed(2),
        bitsPerWord.toFixed(3),
        `${(100 * nullShare).toFixed(1)} %`,
      ]),
    ]),
    shown`\nWritten to ${out}; the links number words as words=${words} cuts them\n`,
  ].join("");
}
