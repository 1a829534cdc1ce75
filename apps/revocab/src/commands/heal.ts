import type { HealModelOptions } from "@revocab/transfer";
import { type Command, Option } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, finishBeforeExit, runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { documentsOption, type ScoringFlags } from "./options/scoring.ts";
import {
  type LearningRows,
  type Objective,
  objectiveOption,
  type RateFlags,
  tokens,
  withLearningOption,
  withRateOption,
} from "./options/training.ts";
import { positiveNumber, wholeNumber } from "./options/values.ts";
import { type WritingFlags, withWritingOptions, writingOptions } from "./options/written-model.ts";

interface Flags extends ModelFlags, RateFlags, WritingFlags, Pick<ScoringFlags, "documents"> {
  readonly text?: string;
  readonly teacher?: string;
  readonly objective?: Objective;
  readonly written?: number;
  readonly out: string;
  readonly minutes?: number;
  readonly tokens?: number;
  readonly steps?: number;
  readonly learn: LearningRows;
  readonly context?: number;
  readonly batch?: number;
  readonly maxBytes?: number;
  readonly seed: number;
  readonly keep?: boolean;
  readonly state?: string;
}

export function registerHeal(program: Command): void {
  const command = program
    .command("heal")
    .summary("train the rows of a model's tokens on a text")
    .description(
      "Train the rows of a model's tokens on a text, with its layers as they are: what a swapped or an extended model needs first.",
    )
    .argument("<model>", MODEL_HELP)
    .option("--text <file>", "a UTF-8 text like those that the model will read and write")
    .requiredOption("--out <folder>", "the folder to write")
    .option(
      "--teacher <model>",
      "the model whose tokenizer was swapped or extended; without --text it writes one. With --objective alm or lm any causal model",
    )
    .addOption(
      objectiveOption(
        "what rows learn from besides the text: nothing, the teacher's hidden states, or the probabilities that it gives to pieces of text (distill with --teacher, else lm)",
      ),
    );
  command.option("--written <tokens>", "tokens that it writes, as 20k (100k)", tokens);
  withModelOptions(withWritingOptions(withHowOptions(command))).action(
    async (model: string, flags: Flags) => {
      const { checkOutputPlace, healModel } = await import("@revocab/transfer");
      const { presentHealed } = await import("../present/present-swap.ts");
      const { text, teacher, out, keep = false, state } = flags;
      await runCommand(
        command,
        async (context) => {
          const options = {
            ...modelOptions(flags),
            ...(await writingOptions(flags)),
            ...trainingOptions(flags),
            out,
          };
          const teachers = teacher === undefined ? [] : [teacher];
          await checkOutputPlace({
            ...options,
            inputs: [...(text === undefined ? [] : [text]), model, ...teachers],
          });
          return withResolvedModels(context, { model: { name: model, want: "model" } }, ({ paths }) =>
            withTeacher(context, teacher, (taught) => {
              const heal = () => healModel({ ...options, ...paths, ...taught, ...context });
              // a stopped training is written to its file first, however long that takes
              return state === undefined ? heal() : finishBeforeExit(heal);
            }),
          );
        },
        (report) => presentHealed(report, out, state),
        { canFinish: keep, runsModel: true },
      );
    },
  );
}

function withTeacher<Result>(
  context: CommandContext,
  teacher: string | undefined,
  use: (taught: { readonly teacher?: string }) => Promise<Result>,
): Promise<Result> {
  if (teacher === undefined) return use({});
  return withResolvedModels(context, { teacher: { name: teacher, want: "model" } }, ({ paths }) =>
    use(paths),
  );
}

function withHowOptions(command: Command): Command {
  const budget = command
    .optionsGroup("How rows are trained:")
    .addOption(
      new Option("--minutes <n>", "end after so many minutes (10)")
        .argParser(positiveNumber)
        .conflicts(["tokens", "steps"]),
    )
    .addOption(
      new Option("--tokens <n>", "end after so many tokens of text, as 500k or 2M")
        .argParser(tokens)
        .conflicts(["minutes", "steps"]),
    )
    .addOption(
      new Option("--steps <n>", "end after so many steps")
        .argParser(wholeNumber(1))
        .conflicts(["minutes", "tokens"]),
    )
    .option(
      "--keep",
      "at Ctrl-C end the training and write the best rows so far; at a second one write nothing",
    )
    .option(
      "--state <file>",
      "keep the training in this file until it is done, and go on from it after a stop, a crash or a power cut",
    );
  return withRateOption(withLearningOption(budget, "--learn"))
    .option(
      "--context <tokens>",
      "tokens of the longest sequence (512, or all that the model can see)",
      wholeNumber(2),
    )
    .option("--batch <tokens>", "tokens of a step (4,096)", wholeNumber(1))
    .option("--seed <n>", "orders the text", wholeNumber(0), 0)
    .option("--max-bytes <n>", "read the first documents up to so many bytes (32,000,000)", wholeNumber(1))
    .addOption(documentsOption());
}

function trainingOptions(flags: Flags) {
  const { text, objective, written, learn, rate, context, batch, seed, maxBytes, documents, state } = flags;
  const budget = budgetOf(flags);
  return {
    text,
    objective,
    written,
    budget,
    learn,
    rate,
    context,
    batchTokens: batch,
    seed,
    maxBytes,
    split: documents,
    state,
  };
}

function budgetOf({ minutes, tokens, steps }: Flags): HealModelOptions["budget"] {
  if (tokens !== undefined) return { kind: "tokens", tokens };
  if (steps !== undefined) return { kind: "steps", steps };
  return minutes === undefined ? undefined : { kind: "time", seconds: minutes * 60 };
}
