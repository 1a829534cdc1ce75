import { type Coverage, coverageOf, readDictionary } from "@revocab/vocab-alignment";
import {
  alignSpaces,
  heldOutPrecision,
  readWordVectors,
  type TranslationPrecision,
  writeTextVectors,
} from "@revocab/word-vectors";
import { grouped, printTable } from "./print-table.ts";
import type { CommandContext } from "./run-command.ts";
import { shown } from "./shown.ts";
import { checkOutput } from "./train-vectors.ts";

export interface AlignVectorsOptions extends CommandContext {
  /** Vectors that stay where they are. */
  readonly fixed: string;
  /** Vectors that are turned into their space. */
  readonly turned: string;
  /** Word pairs, of the fixed and the turned language. */
  readonly dictionary: string;
  readonly out: string;
  readonly force?: boolean;
  readonly center?: boolean;
  readonly csls?: boolean;
  readonly seed: number;
}

export interface AlignedVectors {
  readonly coverage: Coverage;
  readonly duplicates: number;
  /** With a tenth of the pairs held out of the alignment. */
  readonly heldOut: TranslationPrecision;
  readonly out: string;
}

/** Turns one language's vectors into the space of another's, and measures how well the two fit. */
export async function alignVectors({
  fixed,
  turned,
  dictionary: path,
  out,
  force = false,
  center = false,
  csls = false,
  seed,
  job,
}: AlignVectorsOptions): Promise<AlignedVectors> {
  checkOutput(out, force, [".vec"]);
  const dictionary = await readDictionary(path);
  const target = await readWordVectors(fixed, { job });
  const source = await readWordVectors(turned, { job });
  const pairs = dictionary.pairs.map((pair) => ({ source: pair.target, target: pair.source }));
  const heldOut = await heldOutPrecision({ source, target, pairs, center, csls, seed, job });
  const aligned = await alignSpaces({ source, target, pairs, center, job });
  await writeTextVectors(out, aligned.source, { job });
  return {
    coverage: coverageOf(dictionary, target, source),
    duplicates: dictionary.duplicates,
    heldOut,
    out,
  };
}

export function printAlignment({ coverage, heldOut, out }: AlignedVectors): string {
  const { pairs, sourceKnown, targetKnown, bothKnown } = coverage;
  return [
    printTable([
      ["pairs in the dictionary", grouped(pairs)],
      ["known on the first side", grouped(sourceKnown)],
      ["known on the second side", grouped(targetKnown)],
      ["known on both", grouped(bothKnown)],
      ["words held out and looked up", grouped(heldOut.queries)],
      ...heldOut.precision.map(({ k, value }) => [
        `a translation among the nearest ${k}`,
        `${(100 * value).toFixed(1)} %`,
      ]),
    ]),
    shown`\nWritten to ${out}\n`,
  ].join("");
}
