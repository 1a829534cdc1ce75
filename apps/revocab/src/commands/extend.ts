import { RevocabError } from "@revocab/core";
import type { Command } from "commander";
import { wholeNumber } from "../options.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { withModels } from "../with-models.ts";
import { type PruneFlags, pruneOptions, withPruneOptions } from "./edit-options.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  MODEL_HELP,
  modelOptions,
  type PlanFlags,
  planOptions,
  withApplyOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface ExtendFlags
  extends Omit<PlanFlags, "tokenizer">,
    ApplyFlags,
    PruneFlags,
    Omit<EvalFlags, "threads"> {
  readonly tokens?: string;
  readonly asWritten?: boolean;
  readonly special?: readonly string[];
  readonly learn?: string;
  readonly add?: number;
  readonly spare?: string;
  readonly skipRefused?: boolean;
  readonly out: string;
}

export function registerExtend(program: Command): void {
  const command = program
    .command("extend")
    .summary("add tokens to a model's own vocabulary")
    .description(
      "Add tokens to a model's own tokenizer, and rows for them; old ids and rows stay. With --keep-for, tokens are taken out in the same pass.",
    )
    .argument("<model>", MODEL_HELP)
    .requiredOption("--out <folder>", "the folder to write")
    .optionsGroup("What is added:")
    .option(
      "--tokens <file>",
      "words, one a line, each meant behind a space; or a .json list of pieces and added tokens",
    )
    .option("--as-written", "with --tokens: take the words of lines without a space before them")
    .option("--special <tokens...>", "control tokens")
    .option("--learn <file>", "learn pieces from this text")
    .option("--add <n>", "with --learn: how many", wholeNumber(1))
    .option("--spare <file>", "with --learn: a text that is to be written as before, as far as that goes")
    .option("--skip-refused", "leave out what cannot be added, and say why, instead of failing");
  withModelOptions(withEvalOptions(withApplyOptions(withPlanOptions(withPruneOptions(command))))).action(
    async (directory: string, flags: ExtendFlags) => {
      const { printEdit } = await import("../print-edit.ts");
      const transfer = await import("@revocab/transfer");
      await runCommand(
        command,
        async (context) => {
          if (flags.method === "auto") {
            throw new RevocabError("bad_options", "--method auto compares swaps to another tokenizer only", {
              hint: "name a method: revocab methods lists them",
            });
          }
          const plan = await planOptions(flags);
          const { out } = flags;
          await transfer.checkOutputPlace({ out, inputs: [directory], force: flags.force ?? false });
          const edit = await editOf(flags, context);
          const names = { model: { name: directory, want: "model" as const } };
          return withModels(context, names, ({ paths, weights }) =>
            transfer.editVocabulary({
              ...paths,
              ...weights,
              ...modelOptions(flags),
              ...plan,
              ...applyOptions(flags),
              ...evalOptions(flags, flags.seed),
              ...edit,
              ...context,
              out,
            }),
          );
        },
        (report) => printEdit(report, flags.out),
      );
    },
  );
}

async function editOf(flags: ExtendFlags, { abortSignal }: CommandContext) {
  const { tokens, asWritten = false, special = [], learn, add, spare, skipRefused = false } = flags;
  if ((learn === undefined) !== (add === undefined)) {
    throw new RevocabError(
      "bad_options",
      learn === undefined ? "--add was given without --learn" : "--learn was given without --add",
      { hint: "pass --learn with a text and --add with how many pieces to learn from it" },
    );
  }
  if (spare !== undefined && learn === undefined) {
    throw new RevocabError("bad_options", "--spare was given without --learn", {
      hint: "pass --learn with a text and --add with how many pieces to learn from it",
    });
  }
  const { readCorpus, readTokenList } = await import("@revocab/transfer");
  const list = tokens === undefined ? undefined : await readTokenList(tokens, { asWritten, abortSignal });
  const prune = await pruneOptions(flags);
  return {
    ...(learn !== undefined &&
      add !== undefined && {
        learn: {
          corpus: readCorpus(learn),
          count: add,
          ...(spare !== undefined && { spare: readCorpus(spare) }),
        },
      }),
    pieces: list?.pieces ?? [],
    addedTokens: [...(list?.addedTokens ?? []), ...special],
    skipRefused,
    ...(prune && { prune }),
  };
}
