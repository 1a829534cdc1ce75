import { type Command, Option } from "commander";
import { numberWithin, wholeNumber } from "../options.ts";
import { runCommand } from "../run-command.ts";
import { shown } from "../shown.ts";
import type { TrainVectorsOptions } from "../train-vectors.ts";
import { withModels } from "../with-models.ts";

/** The options are named as the work takes them. */
type Flags = Omit<TrainVectorsOptions, "job">;

export function registerTrainVectors(vectors: Command): void {
  const command = vectors
    .command("train")
    .summary("train vectors on a text")
    .description(
      "Train fastText vectors on a text: of its words, or with --tokenizer of the tokens it is written with.",
    );
  command
    .requiredOption("--text <file>", "a UTF-8 text, a sentence or document on each line")
    .requiredOption("--out <file>", "the file to write: .bin in fastText's format, .vec as text")
    .option("--tokenizer <path>", "train on its tokens instead of words")
    .option("--force", "replace an existing --out")
    .optionsGroup("How it is trained:")
    .addOption(
      new Option("--model <kind>", "predict the words around a word, or a word from those")
        .choices(["skipgram", "cbow"])
        .default("skipgram"),
    )
    .option("--dim <n>", "numbers in a vector", wholeNumber(1), 100)
    .option("--epochs <n>", "times the text is read", wholeNumber(1), 5)
    .option("--min-count <n>", "words that are rarer have no row", wholeNumber(1), 5)
    .option("--min-n <n>", "shortest n-gram in characters", wholeNumber(0), 3)
    .option("--max-n <n>", "longest n-gram; 0 for none", wholeNumber(0), 6)
    .option("--buckets <n>", "rows that n-grams share", wholeNumber(1), 2_000_000)
    .option("--window <n>", "words on each side", wholeNumber(1), 5)
    .option("--negatives <n>", "negative examples for each positive one", wholeNumber(0), 5)
    .option(
      "--learning-rate <n>",
      "falls to 0 over the training; small texts want more",
      numberWithin(0, 10),
      0.05,
    )
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .option("--threads <n>", "with one, two runs give the same bytes (all cores)", wholeNumber(1))
    .action(async (flags: Flags) => {
      const { trainVectors } = await import("../train-vectors.ts");
      const { grouped } = await import("../print-table.ts");
      await runCommand(
        command,
        (context) => {
          const { tokenizer: name, ...options } = flags;
          if (name === undefined) return trainVectors({ ...options, ...context });
          const names = { tokenizer: { name, want: "tokenizer" as const } };
          return withModels(context, names, ({ paths }) =>
            trainVectors({ ...options, ...paths, ...context }),
          );
        },
        ({ words, dimension, tokens, out }) =>
          shown`${grouped(words)} vectors of ${dimension} numbers, from ${grouped(tokens)} tokens\nWritten to ${out}\n`,
      );
    });
}
