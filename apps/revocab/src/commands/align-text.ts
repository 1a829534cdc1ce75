import { type Command, Option } from "commander";
import type { AlignTextOptions } from "../align-text.ts";
import { wholeNumber } from "../options.ts";
import { runCommand } from "../run-command.ts";

/** The options are named as the work takes them. */
type Flags = Omit<AlignTextOptions, "pair" | "foldCase" | "job"> & {
  readonly keepCase?: boolean;
};

export function registerAlignText(program: Command): void {
  const command = program
    .command("align-text")
    .summary("align the words of two parallel texts")
    .description(
      "Link each word of a text to its translation in a line-aligned text: the evidence of trans-tokenization.",
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
    .action(async (pair: string, { keepCase = false, ...flags }: Flags) => {
      const { alignText, printAlignedText } = await import("../align-text.ts");
      await runCommand(
        command,
        (context) => alignText({ pair, foldCase: !keepCase, ...flags, ...context }),
        printAlignedText,
      );
    });
}
