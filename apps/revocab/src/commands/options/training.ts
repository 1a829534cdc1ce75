import type { HealOptions } from "@revocab/transfer";
import { type Command, InvalidArgumentError, Option } from "commander";
import { positiveNumber } from "./values.ts";

/* How rows are trained. */

export interface RateFlags {
  readonly rate?: number;
}

export function withRateOption(command: Command): Command {
  return command.option(
    "--rate <n>",
    "highest rate of AdamW: how much a value changes in a step, as a share of the typical one (0.1 for 64 columns, less for more)",
    positiveNumber,
  );
}

/** Rows that learn. */
export type LearningRows = "text" | "new" | "all";

const LEARNING: readonly LearningRows[] = ["text", "new", "all"];

/** @param flag its name; `extend --learn` learns pieces */
export function withLearningOption(command: Command, flag: "--learn" | "--heal-rows"): Command {
  return command.addOption(
    new Option(
      `${flag} <which>`,
      "rows that learn: of tokens that the text has, of these only the new ones, which are no copies, or all",
    )
      .choices(LEARNING)
      .default("text"),
  );
}

export type Objective = NonNullable<HealOptions["objective"]>;

export function objectiveOption(description: string): Option {
  return new Option("--objective <name>", description).choices([
    "lm",
    "distill",
    "alm",
  ] satisfies Objective[]);
}

/** Of a command that plans rows, which `--heal` trains. */
export interface HealFlags extends RateFlags {
  readonly healRows: LearningRows;
  readonly objective: Objective;
  readonly heal?: NonNullable<HealOptions["budget"]>;
  readonly text?: string;
  readonly seed: number;
}

export function withHealOptions(command: Command): Command {
  const heal = command
    .optionsGroup("How rows are trained, with --heal:")
    .option(
      "--heal <budget>",
      "train rows for so long: 90s, 10m, 1h, or tokens as 500k, 2M; on --text, or on texts that the model writes",
      budget,
    )
    .addOption(
      objectiveOption(
        "what rows learn from: the text; also the model's hidden states for it in its own tokens; or also the probabilities that it gives to pieces of it",
      ).default("lm"),
    );
  return withRateOption(withLearningOption(heal, "--heal-rows"));
}

/** Without a text the model writes one before its tokenizer is swapped. */
export function healOptions({ heal, text, healRows, rate, objective, seed }: HealFlags): {
  readonly heal?: HealOptions;
} {
  return heal === undefined ? {} : { heal: { text, budget: heal, learn: healRows, rate, objective, seed } };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const THOUSANDS: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** A time as 90s, 10m, 1h, or tokens as 500k, 2M: a small m is a minute, a large M a million. */
function budget(value: string): NonNullable<HealOptions["budget"]> {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([smhkMG])$/.exec(value) ?? [];
  const size = SECONDS[unit] ?? THOUSANDS[unit] ?? 0;
  if (number === undefined || !(Number(number) * size > 0)) {
    throw new InvalidArgumentError("expected a time as 90s, 10m or 1h, or tokens as 500k or 2M.");
  }
  return unit in SECONDS
    ? { kind: "time", seconds: Number(number) * size }
    : { kind: "tokens", tokens: Math.round(Number(number) * size) };
}

/** A number of tokens: 2M, 500k, 150000. */
export function tokens(value: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(value) ?? [];
  const count = Math.round(Number(number) * (THOUSANDS[unit] ?? 0));
  if (count >= 1) return count;
  throw new InvalidArgumentError("expected a number of tokens as 500k, 2M or 150000.");
}
