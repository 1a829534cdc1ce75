import { figure, paragraph, type TextDocument, table } from "@revocab/report-document";
import type { Coverage } from "@revocab/vocab-alignment";
import type { TranslationPrecision } from "@revocab/word-vectors";
import type { Command } from "commander";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkVectorsFile } from "./options/output.ts";
import { wholeNumber, withThreads } from "./options/values.ts";

interface Flags {
  /** Word pairs, of the fixed and the turned language. */
  readonly dictionary: string;
  readonly out: string;
  readonly force?: boolean;
  readonly center?: boolean;
  readonly csls?: boolean;
  readonly seed: number;
}

export function registerVectorsAlign(vectors: Command): void {
  const command = vectors
    .command("align")
    .summary("turn one language's vectors into the space of another's")
    .description(
      "Turn vectors so that words lie near their translations, and say how often the nearest word is one.",
    );
  command
    .argument("<fixed>", "vectors of one language, which stay")
    .argument("<turned>", "vectors of another language, which are turned into their space")
    .requiredOption("--dictionary <file>", "word pairs: fixed language TAB turned language")
    .requiredOption("--out <file>", "the turned vectors, .vec")
    .option("--force", "replace an existing --out")
    .option("--center", "take the mean off both spaces first")
    .option("--csls", "retrieve by CSLS, which does not favor words that are near to everything")
    .option("--seed <n>", "which tenth of the pairs is held out for the score", wholeNumber(0), 0);
  withThreads(command, "threads of the runtime (all cores)").action(
    async (fixed: string, turned: string, flags: Flags) => {
      await runCommand(
        command,
        (context) => alignVectors({ fixed, turned, ...flags, ...context }),
        presentAlignment,
      );
    },
  );
}

interface AlignOptions extends Flags, CommandContext {
  /** Vectors that stay where they are. */
  readonly fixed: string;
  /** Vectors that are turned into their space. */
  readonly turned: string;
}

export interface AlignedVectors {
  readonly coverage: Coverage;
  readonly duplicates: number;
  /** Measured on a tenth of the pairs, which the alignment did not see. */
  readonly heldOut: TranslationPrecision;
  readonly out: string;
}

/** Turns one language's vectors into the space of another's, and measures how well the two fit. */
async function alignVectors({
  fixed,
  turned,
  dictionary: path,
  out,
  force = false,
  center = false,
  csls = false,
  seed,
  job,
}: AlignOptions): Promise<AlignedVectors> {
  const { coverageOf, readDictionary } = await import("@revocab/vocab-alignment");
  const { alignSpaces, heldOutPrecision, readWordVectors, writeTextVectors } = await import(
    "@revocab/word-vectors"
  );
  await checkVectorsFile(out, force, [".vec"]);
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

function presentAlignment({ coverage, heldOut, out }: AlignedVectors): TextDocument {
  const { pairs, sourceKnown, targetKnown, bothKnown } = coverage;
  return {
    blocks: [
      table([
        ["pairs in the dictionary", figure(pairs)],
        ["known on the first side", figure(sourceKnown)],
        ["known on the second side", figure(targetKnown)],
        ["known on both", figure(bothKnown)],
        ["words held out and looked up", figure(heldOut.queries)],
        ...heldOut.precision.map(({ k, value }) => [
          `a translation among the nearest ${k}`,
          figure(100 * value, 1, "%"),
        ]),
      ]),
      paragraph(`Written to ${out}`),
    ],
  };
}
