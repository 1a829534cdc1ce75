import { RevocabError } from "@revocab/core";
import { type Command, Option } from "commander";
import { wholeNumber } from "./values.ts";

/** How a text is scored. */
export interface ScoringFlags {
  readonly context?: number;
  readonly stride?: number;
  readonly maxBytes: number;
  readonly documents: "auto" | "endoftext" | "blank-lines" | "none";
  readonly bos: "auto" | "always" | "never";
  readonly samples?: number;
}

const SCORING = "How a text is scored:";

export function withScoringOptions(command: Command): Command {
  return command
    .optionsGroup(SCORING)
    .option("--context <tokens>", "tokens the model sees at once (512, or all it can)", wholeNumber(2))
    .option(
      "--stride <tokens>",
      "tokens between windows; less gives more context (context − 1)",
      wholeNumber(1),
    )
    .option(
      "--max-bytes <n>",
      "score the first documents of the text up to so many bytes",
      wholeNumber(1),
      1_000_000,
    )
    .addOption(documentsOption())
    .addOption(
      new Option(
        "--bos <when>",
        "whether a BOS precedes each document; auto: where the tokenizer adds one to a text",
      )
        .choices(["auto", "always", "never"])
        .default("auto"),
    )
    .option("--samples <n>", "masked models: tokens that are masked, one at a time (2,000)", wholeNumber(1));
}

/** How a text is split. */
export function documentsOption(): Option {
  return new Option("--documents <where>", "where documents end; auto is <|endoftext|>, else blank lines")
    .choices(["auto", "endoftext", "blank-lines", "none"])
    .default("auto");
}

export function scoringOptions({ context, stride, maxBytes, documents, bos, samples }: ScoringFlags) {
  return { context, stride, maxBytes, split: documents, bos, samples };
}

/** How methods are compared. */
export interface ComparingFlags extends ScoringFlags {
  readonly after?: number;
  readonly trainText?: string;
}

/** @param when the words for the condition under which methods are compared */
export function withComparingOptions(command: Command, when = ""): Command {
  return command
    .option(
      "--after <steps>",
      `${when}train the rows of each method for so many steps, and judge them by the score after it`,
      wholeNumber(1),
    )
    .option(
      "--train-text <file>",
      "with --after: a text to train on (three quarters of --text, which are then not scored)",
    );
}

export function comparingOptions(flags: ComparingFlags) {
  const { after, trainText } = flags;
  return { after, trainText, ...scoringOptions(flags) };
}

/** Of a command that writes a model, which `--eval` scores before and after. */
export interface EvalFlags extends ScoringFlags {
  readonly eval?: string;
  readonly byToken?: boolean;
}

export function withEvalOptions(command: Command): Command {
  return withScoringOptions(
    command
      .optionsGroup(SCORING)
      .option("--eval <file>", "score this text with the model before and after")
      .option("--by-token", "with --eval: say where the text costs more than before"),
  );
}

export function evalOptions(flags: EvalFlags, seed = 0) {
  requireText(flags);
  const { eval: text, byToken = false } = flags;
  if (text === undefined) return {};
  return { evaluate: { text, byToken, samplesSeed: seed, ...scoringOptions(flags) } };
}

/** @throws RevocabError `bad_options` for what is said of a text that is not scored */
export function requireText({ eval: text, byToken = false }: Pick<EvalFlags, "eval" | "byToken">): void {
  if (text !== undefined || !byToken) return;
  throw new RevocabError("bad_options", "--by-token was given without --eval", {
    hint: "name the text to score with --eval",
  });
}
