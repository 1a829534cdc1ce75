import type { ProgressListener } from "@revocab/core";
import { replaceFile, throwIfAborted } from "@revocab/matrix";
import {
  type AlignedWords,
  alignWords,
  type DictionaryAgreement,
  dictionaryAgreement,
  pharaohText,
  readParallelLines,
  type Symmetrization,
  splitPathPair,
  type WordCut,
} from "@revocab/parallel-text";
import { readDictionary } from "@revocab/vocab-alignment";
import { checkPlace } from "./check-place.ts";
import { grouped, printTable } from "./print-table.ts";

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
  readonly threads: number;
  readonly abortSignal: AbortSignal;
  readonly onProgress: ProgressListener;
}

export interface AlignedText extends Omit<AlignedWords, "alignment" | "words"> {
  readonly lines: number;
  readonly sourceWords: number;
  readonly targetWords: number;
  readonly links: number;
  /** How the words are cut that the links number. */
  readonly words: WordCut;
  readonly dictionary?: DictionaryAgreement;
  readonly out: string;
}

/** Aligns the words of two texts and writes the links. */
export async function alignText({
  pair,
  out,
  force = false,
  dictionary: path,
  words,
  symmetrize: symmetrization,
  abortSignal,
  onProgress,
  ...numbers
}: AlignTextOptions): Promise<AlignedText> {
  checkPlace(out, force);
  const paths = splitPathPair(pair);
  const dictionary = path === undefined ? undefined : await readDictionary(path);
  const lines = await readParallelLines(paths, { abortSignal });
  const aligned = await alignWords({ lines, words, symmetrization, ...numbers, abortSignal, onProgress });
  const { alignment, skipped, directions, forward, reverse } = aligned;
  await replaceFile(out, async (write) => {
    for (const text of pharaohText(alignment)) {
      throwIfAborted(abortSignal);
      await write(new TextEncoder().encode(text));
    }
  });
  return {
    lines: lines.source.length,
    skipped,
    sourceWords: aligned.words.source,
    targetWords: aligned.words.target,
    links: alignment.source.length,
    words,
    directions,
    forward,
    reverse,
    ...(dictionary && {
      dictionary: dictionaryAgreement({ lines, alignment, words, pairs: dictionary.pairs }),
    }),
    out,
  };
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
}: AlignedText): string {
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
    `\nWritten to ${out}; the links number words as words=${words} cuts them\n`,
  ].join("");
}
