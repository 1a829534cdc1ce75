import { grouped, paragraph } from "@revocab/report-document";
import { type Command, Option } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkVectorsFile } from "./options/output.ts";
import { numberWithin, wholeNumber, withThreads } from "./options/values.ts";

interface Flags {
  readonly text: string;
  readonly tokenizer?: string;
  /** Ends in .bin or .vec. */
  readonly out: string;
  readonly force?: boolean;
  readonly model: "skipgram" | "cbow";
  readonly dim: number;
  readonly epochs: number;
  readonly minCount: number;
  readonly minN: number;
  readonly maxN: number;
  readonly buckets: number;
  readonly window: number;
  readonly negatives: number;
  readonly learningRate: number;
  readonly seed: number;
}

export function registerVectorsTrain(vectors: Command): void {
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
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0);
  withThreads(command, "with one, two runs give the same bytes (all cores)").action(async (flags: Flags) => {
    await runCommand(
      command,
      (context) => {
        const { tokenizer: name, ...options } = flags;
        if (name === undefined) return trainVectors({ ...options, ...context });
        const names = { tokenizer: { name, want: "tokenizer" as const } };
        return withResolvedModels(context, names, ({ paths }) =>
          trainVectors({ ...options, ...paths, ...context }),
        );
      },
      ({ words, dimension, tokens, out }) => ({
        blocks: [
          paragraph(`${grouped(words)} vectors of ${dimension} numbers, from ${grouped(tokens)} tokens`),
          paragraph(`Written to ${out}`),
        ],
      }),
    );
  });
}

export interface TrainedVectors {
  readonly words: number;
  readonly dimension: number;
  /** Tokens of the text, also those too rare for a vector. */
  readonly tokens: number;
  readonly out: string;
}

/** Trains vectors on a text, of its words or of the tokens it is written with, and writes them. */
async function trainVectors({
  text,
  tokenizer,
  out,
  force = false,
  dim,
  job,
  ...numbers
}: Flags & CommandContext): Promise<TrainedVectors> {
  const { trainWordVectors, vectorsOfModel, writeFastText, writeTextVectors } = await import(
    "@revocab/word-vectors"
  );
  await checkVectorsFile(out, force, [".bin", ".vec"]);
  const documents = tokenizer === undefined ? text : await tokensOf(text, tokenizer);
  const model = await trainWordVectors({ ...numbers, documents, dimension: dim, job });
  if (out.endsWith(".bin")) await writeFastText(out, model, job);
  else await writeTextVectors(out, vectorsOfModel(model), { job });
  const { words, tokenCount } = model.dictionary;
  return { words: words.length, dimension: dim, tokens: tokenCount, out };
}

async function tokensOf(text: string, tokenizer: string) {
  const { tokensOfLines } = await import("@revocab/embedding-init");
  const { loadTokenizer } = await import("@revocab/vocabulary");
  return tokensOfLines(text, await loadTokenizer(tokenizer, { reading: "file" }));
}
