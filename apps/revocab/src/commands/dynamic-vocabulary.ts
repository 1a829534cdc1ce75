import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { namedDonor, type PlanFlags, planOptions } from "./options/rows.ts";
import { collectPairs, wholeNumber, withRunning, withThreads } from "./options/values.ts";

interface Flags
  extends ModelFlags,
    Pick<PlanFlags, "method" | "with" | "fallback" | "fallbackWith" | "donor" | "seed"> {
  readonly text: string;
  readonly size: number;
  readonly out: string;
  readonly minimumCount: number;
  readonly clusters?: number;
  readonly force?: boolean;
}

export function registerDynamicVocabulary(dynamic: Command): void {
  const command = dynamic
    .command("vocabulary")
    .summary("a vocabulary of up to millions of tokens beside a model")
    .description(
      "Continue the merges of a model's tokenizer on a text, initialize rows for the new tokens, and write both with an index over the rows of the head. The model stays as it is; revocab generate --dynamic reads and writes in these tokens.",
    )
    .argument("<model>", MODEL_HELP)
    .requiredOption(
      "--text <file>",
      "the text to learn tokens from, UTF-8; methods that read a text read it, too",
    )
    .requiredOption("--size <n>", "how many tokens in all, those of the model included", wholeNumber(1))
    .requiredOption("--out <folder>", "the folder to write")
    .option("--minimum-count <n>", "join pairs that the text has at least n times", wholeNumber(1), 2)
    .option("--force", "replace an existing --out, after the new one is complete")
    .optionsGroup("The rows and the index:")
    .option(
      "--method <name>",
      "what fills the rows of new tokens (as in revocab extend with --text); see: revocab methods",
    )
    .option("--with <key=value>", "an option of the method (repeatable)", collectPairs)
    .option("--fallback <name>", "what fills the rows that the method leaves empty", "mean")
    .option("--fallback-with <key=value>", "an option of the fallback (repeatable)", collectPairs)
    .option("--donor <model>", "for methods that read the rows of another model")
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .option(
      "--clusters <n>",
      "clusters of the index; 0 for none (none up to 100,000 rows, then 4 · √rows)",
      wholeNumber(0),
    );
  withModelOptions(withRunning(withThreads(command))).action(async (model: string, flags: Flags) => {
    const { presentLargeVocabulary } = await import("../present/present-large-vocabulary.ts");
    const { checkOutputPlace, readCorpus, writeLargeVocabulary } = await import("@revocab/transfer");
    await runCommand(
      command,
      async (context) => {
        const { text, size, out, minimumCount, clusters, force = false } = flags;
        await checkOutputPlace({ out, inputs: [model, text], force });
        const plan = await planOptions({ ...flags, digits: "method" }, true);
        const donor = await namedDonor(flags, plan);
        return withResolvedModels(
          context,
          { model: { name: model, want: "model" } },
          ({ paths }) =>
            writeLargeVocabulary({
              ...modelOptions(flags),
              ...plan,
              ...paths,
              ...{ corpus: readCorpus(text), size, minimumCount, clusters, out, force },
              ...context,
            }),
          donor,
        );
      },
      (report) => presentLargeVocabulary(report, flags.out),
    );
  });
}
