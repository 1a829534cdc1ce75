import { type Command, InvalidArgumentError, Option } from "commander";
import type { MixTextsOptions } from "../mix-texts.ts";
import { numberWithin, wholeNumber } from "../options.ts";
import { type CommandContext, runCommand } from "../run-command.ts";

type Flags = Omit<MixTextsOptions, keyof CommandContext>;

const FORMS = ["swapped", "interleaved", "joined", "plain"];

export function registerMixCorpus(corpus: Command): void {
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
    .option("--share <n>", "how likely a word that can be swapped is", numberWithin(0, 1), 0.3)
    .option("--piece <n>", "words of a language in turn on an interleaved line", wholeNumber(1), 3)
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .optionsGroup("What is written:")
    .requiredOption("--out <file>", "the text to write")
    .option("--force", "replace an existing --out")
    .action(async (flags: Flags) => {
      const { mixTexts, printMixed } = await import("../mix-texts.ts");
      await runCommand(command, (context) => mixTexts({ ...flags, ...context }), printMixed);
    });
}

function formList(value: string): readonly string[] {
  const forms = value.split(",").map((form) => form.trim());
  const unknown = forms.find((form) => !FORMS.includes(form));
  if (unknown === undefined) return forms;
  throw new InvalidArgumentError(`"${unknown}" is none of ${FORMS.join(", ")}.`);
}
