import type { AlignedFiles, Symmetrization, WordCut } from "@revocab/parallel-text";
import { figure, paragraph, percentage, type TextDocument, table } from "@revocab/report-document";
import { type Command, Option } from "commander";
import { runCommand } from "../run-command.ts";
import { checkOutputFile } from "./options/output.ts";
import { wholeNumber } from "./options/values.ts";

interface Flags {
  readonly out: string;
  readonly force?: boolean;
  readonly dictionary?: string;
  readonly words: WordCut;
  readonly keepCase?: boolean;
  readonly iterations: number;
  readonly symmetrize: Symmetrization;
}

export function registerAlignText(program: Command): void {
  const command = program
    .command("align-text")
    .summary("align the words of two parallel texts")
    .description(
      "Link each word of a text to its translation in a line-aligned text: an input of trans-tokenization.",
    );
  command
    .argument("<source:target>", "two texts of which line i says the same (en.txt:de.txt)")
    .requiredOption("--out <file>", "the links in Pharaoh's format, 0-0 1-2 for each line")
    .option("--force", "replace an existing --out")
    .option("--dictionary <file>", "word pairs, source TAB target: report how far the links agree with them")
    .optionsGroup("How:")
    .addOption(
      new Option("--words <cut>", "how lines are cut into words, which the links number")
        .choices(["unicode", "whitespace"])
        .default("unicode"),
    )
    .option("--keep-case", "take words that differ in case for different words")
    .option("--iterations <n>", "passes over the texts in each direction", wholeNumber(1), 5)
    .addOption(
      new Option("--symmetrize <method>", "how the links of both directions become one")
        .choices(["grow-diag-final-and", "intersect", "union"])
        .default("grow-diag-final-and"),
    )
    .option("--threads <n>", "2 works on both directions at once; the links are the same", wholeNumber(1), 2)
    .action(async (pair: string, flags: Flags) => {
      const { alignFiles, splitPathPair } = await import("@revocab/parallel-text");
      const { force = false, keepCase = false, symmetrize: symmetrization, ...options } = flags;
      await runCommand(
        command,
        async (context) => {
          await checkOutputFile(flags.out, force);
          const parallel = splitPathPair(pair);
          return alignFiles({ parallel, foldCase: !keepCase, symmetrization, ...options, ...context });
        },
        presentLinks,
      );
    });
}

function presentLinks({
  lines,
  skipped,
  sourceWords,
  targetWords,
  links,
  directions,
  forward,
  reverse,
  dictionary,
  words,
  out,
}: AlignedFiles): TextDocument {
  return {
    blocks: [
      table([
        ["lines", figure(lines)],
        ["  passed over: empty", figure(skipped.empty)],
        ["  passed over: more than 1,000 words", figure(skipped.long)],
        ["words of the source", figure(sourceWords)],
        ["words of the target", figure(targetWords)],
        ["links", figure(links)],
        [
          "found in both directions, of those in either",
          figure(directions.both),
          percentage(directions.both, directions.either),
        ],
        ...(dictionary === undefined
          ? []
          : [
              [
                "  between words that the dictionary pairs",
                figure(dictionary.listed),
                percentage(dictionary.listed, links),
              ],
              ["source words with a listed translation in the line", figure(dictionary.translatable)],
              [
                "  linked to it",
                figure(dictionary.found),
                percentage(dictionary.found, dictionary.translatable),
              ],
            ]),
      ]),
      table(
        (
          [
            ["target from source", forward],
            ["source from target", reverse],
          ] as const
        ).map(([name, { tension, bitsPerWord, nullShare }]) => [
          name,
          figure(tension, 2),
          figure(bitsPerWord, 3),
          figure(100 * nullShare, 1, "%"),
        ]),
        ["", "tension", "bits a word", "aligned to null"],
      ),
      paragraph(`Written to ${out}; the links number words as words=${words} cuts them`),
    ],
  };
}
