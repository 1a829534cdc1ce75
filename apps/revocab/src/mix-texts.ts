import {
  type MixedCorpus,
  type MixedForm,
  mixCorpus,
  splitPathPair,
  type WordCut,
} from "@revocab/parallel-text";
import { checkPlace } from "./check-place.ts";
import { grouped, printTable } from "./print-table.ts";
import type { CommandContext } from "./run-command.ts";
import { shown } from "./shown.ts";

export interface MixTextsOptions extends CommandContext {
  /** SOURCE:TARGET */
  readonly parallel?: string;
  readonly text?: string;
  readonly targetText?: string;
  readonly dictionary?: string;
  readonly alignments?: string;
  readonly out: string;
  readonly force?: boolean;
  readonly forms?: readonly MixedForm[];
  readonly share: number;
  /** Words of a language in turn on an interleaved line. */
  readonly piece: number;
  /** How lines are cut into words, which the alignments number. */
  readonly words: WordCut;
  readonly maxLines?: number;
  readonly seed: number;
}

/** Writes a text in which two languages mix. */
export async function mixTexts({
  parallel,
  force = false,
  piece: wordsInPiece,
  ...options
}: MixTextsOptions): Promise<MixedCorpus> {
  checkPlace(options.out, force);
  return mixCorpus({
    ...options,
    wordsInPiece,
    ...(parallel !== undefined && { parallel: splitPathPair(parallel) }),
  });
}

export function printMixed({ lines, empty, written, source, target, dictionary, out }: MixedCorpus): string {
  const share = (part: number, whole: number) =>
    whole === 0 ? "" : `${((100 * part) / whole).toFixed(1)} %`;
  const sides = [
    ["source", source],
    ["target", target],
  ] as const;
  return [
    printTable([
      ["lines read", grouped(lines)],
      ["of them empty, passed over", grouped(empty)],
      ["lines written", grouped(written)],
      ...sides.flatMap(([name, { words, replaceable, replaced }]) => [
        [`words of the ${name}`, grouped(words)],
        ["  with a translation", grouped(replaceable), share(replaceable, words)],
        ["  replaced in swapped lines", grouped(replaced), share(replaced, words)],
      ]),
      ...(dictionary
        ? [
            ["pairs in the dictionary", grouped(dictionary.pairs)],
            ["  both words in the texts", grouped(dictionary.bothKnown)],
          ]
        : []),
    ]),
    shown`\nWritten to ${out}\n`,
  ].join("");
}
