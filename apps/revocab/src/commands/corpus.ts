import type { MixedCorpus, MixedForm, WordCut } from "@revocab/parallel-text";
import { figure, paragraph, percentage, type TextDocument, table } from "@revocab/report-document";
import { type Command, InvalidArgumentError, Option } from "commander";
import { runCommand } from "../run-command.ts";
import { checkOutputFile } from "./options/output.ts";
import { numberWithin, wholeNumber } from "./options/values.ts";

export function registerCorpus(program: Command): void {
  const command = program
    .command("corpus")
    .summary("prepare text that methods learn from")
    .description("Prepare text that methods learn from.");
  registerCorpusMix(command);
}

/** Named as the options of `mixCorpus`, except `parallel`, `piece` and `force`. */
interface Flags {
  /** SOURCE:TARGET */
  readonly parallel?: string;
  readonly text?: string;
  readonly targetText?: string;
  readonly dictionary?: string;
  readonly alignments?: string;
  readonly words: WordCut;
  readonly maxLines?: number;
  readonly forms?: readonly MixedForm[];
  readonly share: number;
  readonly piece: number;
  readonly seed: number;
  readonly out: string;
  readonly force?: boolean;
}

const FORMS: readonly string[] = ["swapped", "interleaved", "joined", "plain"];

function registerCorpusMix(corpus: Command): void {
  const command = corpus
    .command("mix")
    .summary("mix two languages in one text")
    .description(
      "Mix two languages in one text, so that new tokens stand beside old ones, as cw2v needs: by parallel lines, a dictionary, word alignments, or all of them.",
    );
  command
    .optionsGroup("What is mixed:")
    .option("--parallel <source:target>", "two texts of which line i says the same (en.txt:de.txt)")
    .option("--text <file>", "a text of the source's language alone, with a dictionary")
    .option("--target-text <file>", "a text of the target's language alone, with a dictionary")
    .option("--dictionary <file>", "word pairs: source TAB target")
    .option("--alignments <file>", "which words of the parallel lines are translations, in Pharaoh's format")
    .addOption(
      new Option("--words <cut>", "how lines are cut into words, which --alignments numbers")
        .choices(["unicode", "whitespace"])
        .default("unicode"),
    )
    .option("--max-lines <n>", "read no more lines of each text", wholeNumber(1))
    .optionsGroup("How:")
    .option(
      "--forms <list>",
      `what is written of a pair of lines: ${FORMS.join(", ")} (swapped with a dictionary or alignments, interleaved with parallel texts)`,
      formList,
    )
    .option(
      "--share <n>",
      "the probability that a word with a translation is swapped",
      numberWithin(0, 1),
      0.3,
    )
    .option("--piece <n>", "words of a language in turn on an interleaved line", wholeNumber(1), 3)
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .optionsGroup("What is written:")
    .requiredOption("--out <file>", "the text to write")
    .option("--force", "replace an existing --out")
    .action(async ({ parallel, piece: wordsInPiece, force = false, ...options }: Flags) => {
      const { mixCorpus, splitPathPair } = await import("@revocab/parallel-text");
      await runCommand(
        command,
        async (context) => {
          await checkOutputFile(options.out, force);
          const paths = parallel === undefined ? undefined : splitPathPair(parallel);
          return mixCorpus({ ...options, parallel: paths, wordsInPiece, ...context });
        },
        presentMixed,
      );
    });
}

function formList(value: string): readonly string[] {
  const forms = value.split(",").map((form) => form.trim());
  const unknown = forms.find((form) => !FORMS.includes(form));
  if (unknown === undefined) return forms;
  throw new InvalidArgumentError(`"${unknown}" is none of ${FORMS.join(", ")}.`);
}

function presentMixed({ lines, empty, written, source, target, dictionary, out }: MixedCorpus): TextDocument {
  const sides = [
    ["source", source],
    ["target", target],
  ] as const;
  return {
    blocks: [
      table([
        ["lines read", figure(lines)],
        ["of them empty, passed over", figure(empty)],
        ["lines written", figure(written)],
        ...sides.flatMap(([name, { words, replaceable, replaced }]) => [
          [`words of the ${name}`, figure(words)],
          ["  with a translation", figure(replaceable), percentage(replaceable, words)],
          ["  replaced in swapped lines", figure(replaced), percentage(replaced, words)],
        ]),
        ...(dictionary
          ? [
              ["pairs in the dictionary", figure(dictionary.pairs)],
              ["  both words in the texts", figure(dictionary.bothKnown)],
            ]
          : []),
      ]),
      paragraph(`Written to ${out}`),
    ],
  };
}
