import { RevocabError } from "@revocab/core";
import type { VocabularyEdit } from "@revocab/vocabulary-editing";
import { type Command, Option } from "commander";
import { writeModel } from "../write-model.ts";
import { EOS_HELP, MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type OutputFlags, withOutputOptions } from "./options/output.ts";
import {
  namedDonor,
  needsRuntime,
  type SwapPlanFlags,
  swapPlanOptions,
  wantedBy,
  withSwapPlanOptions,
} from "./options/rows.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./options/scoring.ts";
import { type HealFlags, healOptions, withHealOptions } from "./options/training.ts";
import { wholeNumber } from "./options/values.ts";
import {
  type ApplyFlags,
  applyOptions,
  chatTemplateOptions,
  withApplyOptions,
} from "./options/written-model.ts";
import { type PruneFlags, pruneOptions, withPruneOptions } from "./prune.ts";

interface Flags extends ModelFlags, SwapPlanFlags, ApplyFlags, PruneFlags, EvalFlags, HealFlags, OutputFlags {
  readonly tokens?: string;
  readonly asWritten?: boolean;
  readonly special?: readonly string[];
  readonly rename?: readonly string[];
  readonly renamedRows: "keep" | "make";
  readonly eos?: string;
  readonly learn?: string;
  readonly add?: number;
  readonly spare?: string;
  readonly skipRefused?: boolean;
}

export function registerExtend(program: Command): void {
  const command = program
    .command("extend")
    .summary("add tokens to a model's own vocabulary")
    .description(
      "Add tokens to a model's own tokenizer, and rows for them; old ids and rows stay. With --keep-for, tokens are taken out in the same pass.",
    )
    .argument("<model>", MODEL_HELP);
  withOutputOptions(command)
    .optionsGroup("What is added:")
    .option(
      "--tokens <file>",
      "words, one a line, each meant behind a space; or a .json list of pieces, added tokens and renames",
    )
    .option("--as-written", "with --tokens: take the words of lines without a space before them")
    .option(
      "--special <tokens...>",
      "control tokens; what the tokenizer has as an ordinary entry becomes one at its own id",
    )
    .option(
      "--rename <old=new...>",
      "reserved tokens, such as <unused0>, and their new names as control tokens",
    )
    .addOption(
      new Option(
        "--renamed-rows <how>",
        "with --rename: keep the rows of reserved tokens, or make them: initialize them like those of new tokens",
      )
        .choices(["keep", "make"])
        .default("keep"),
    )
    .option("--eos <token>", EOS_HELP)
    .option("--learn <file>", "learn pieces from this text")
    .option("--add <n>", "with --learn: how many", wholeNumber(1))
    .option("--spare <file>", "with --learn: a text that is to be written as before, as far as that goes")
    .option("--skip-refused", "leave out what cannot be added, and say why, instead of failing");
  withModelOptions(
    withEvalOptions(
      withApplyOptions(withHealOptions(withSwapPlanOptions(withPruneOptions(command), withKeepingOption))),
    ),
  ).action(async (model: string, flags: Flags) => {
    const { presentEdit, presentEditPlan } = await import("../present/present-swap.ts");
    const { editVocabulary, planVocabularyEdit } = await import("@revocab/transfer");
    const { requireOtherRows } = await import("@revocab/transfer/internal");
    await writeModel(command, flags, {
      names: { model: { name: model, want: "model" } },
      async prepare() {
        const plan = await swapPlanOptions(flags);
        if (flags.copy === false) requireOtherRows(plan.method);
        const { chatTemplateFile } = await chatTemplateOptions(flags);
        return {
          want: await wantedBy(plan),
          runsModel: await needsRuntime(plan),
          donor: await namedDonor(flags, plan),
          options: {
            ...modelOptions(flags),
            ...plan,
            ...healOptions(flags),
            ...(await editOf(flags)),
            chatTemplateFile,
          },
        };
      },
      plan: planVocabularyEdit,
      write: async (options) =>
        editVocabulary({
          ...options,
          ...(await applyOptions(flags)),
          ...evalOptions(flags, flags.seed),
        }),
      presentPlan: presentEditPlan,
      present: presentEdit,
    });
  });
}

function withKeepingOption(command: Command): Command {
  return command.option(
    "--no-copy",
    "let a method that has other rows for tokens that stay (see: revocab methods) change these too",
  );
}

async function editOf(flags: Flags): Promise<VocabularyEdit> {
  const { tokens, asWritten = false, special = [], rename = [], renamedRows, eos } = flags;
  const { readTokenList } = await import("@revocab/vocabulary-editing");
  const learn = await learnOf(flags);
  return {
    learn,
    list: tokens === undefined ? undefined : await readTokenList(tokens, { asWritten }),
    addedTokens: special,
    ...(rename.length > 0 && { renames: rename.map(renameOf), renamedRows }),
    eos,
    skipRefused: flags.skipRefused ?? false,
    prune: await pruneOptions(flags),
  };
}

async function learnOf({ learn, add, spare }: Flags): Promise<VocabularyEdit["learn"]> {
  if (learn !== undefined && add !== undefined) {
    const { readCorpus } = await import("@revocab/transfer");
    return {
      corpus: readCorpus(learn),
      count: add,
      spare: spare === undefined ? undefined : readCorpus(spare),
    };
  }
  const lonely = [
    ["--learn", learn, "--add"],
    ["--add", add, "--learn"],
    ["--spare", spare, "--learn"],
  ] as const;
  for (const [option, value, missing] of lonely) {
    if (value === undefined) continue;
    throw new RevocabError("bad_options", `${option} was given without ${missing}`, {
      hint: "pass --learn with a text and --add with how many pieces to learn from it",
    });
  }
  return undefined;
}

/** OLD=NEW, split at the first equals sign that is not at an end: names may contain others. */
function renameOf(pair: string): { readonly from: string; readonly to: string } {
  const split = pair.indexOf("=", 1);
  if (split < 0 || split === pair.length - 1) {
    throw new RevocabError("bad_options", `--rename ${pair}: expected OLD=NEW`, {
      hint: 'for instance --rename "<|reserved_special_token_0|>=<|tool|>"',
    });
  }
  return { from: pair.slice(0, split), to: pair.slice(split + 1) };
}
