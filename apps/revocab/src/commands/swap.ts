import { type Command, Option } from "commander";
import { type RemoteFlags, type RemoteSwap, requireRows, swapRemotely } from "../swap-remotely.ts";
import { writeModel } from "../write-model.ts";
import {
  type FittingFlags,
  fittingOptions,
  MODEL_HELP,
  type ModelFlags,
  modelOptions,
  TOKENIZER_HELP,
  withFittingOptions,
  withModelOptions,
} from "./options/inputs.ts";
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
import {
  type ApplyFlags,
  applyOptions,
  chatTemplateOptions,
  withApplyOptions,
} from "./options/written-model.ts";

interface Flags
  extends ModelFlags,
    FittingFlags,
    SwapPlanFlags,
    HealFlags,
    ApplyFlags,
    EvalFlags,
    OutputFlags,
    RemoteFlags {
  readonly tokenizer: string;
}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.")
    .argument("<model>", MODEL_HELP);
  withFittingOptions(command.requiredOption("--tokenizer <path>", TOKENIZER_HELP));
  withOutputOptions(command).addOption(
    new Option(
      "--remote [only]",
      "with --publish, for a model of the Hub: the Hub copies what stays, and only weight files with vocabulary tables are moved; " +
        "only: fail where the Hub does not copy",
    ).choices(["only"]),
  );
  const planned = withHealOptions(withSwapPlanOptions(command));
  withModelOptions(withEvalOptions(withApplyOptions(planned))).action(async (model: string, flags: Flags) => {
    if (flags.remote !== undefined) return swapRemotely(command, flags, remoteSwap(model, flags));
    const { presentPlan, presentSwap } = await import("../present/present-swap.ts");
    const { planTokenizerSwap, swapTokenizer } = await import("@revocab/transfer");
    const { summarizePlan } = await import("@revocab/plan");
    await writeModel(command, flags, {
      names: {
        model: { name: model, want: "model" },
        tokenizer: { name: flags.tokenizer, want: "tokenizer" },
      },
      async prepare() {
        const plan = {
          ...(await swapPlanOptions(flags)),
          ...fittingOptions(flags),
          ...healOptions(flags),
        };
        return {
          want: await wantedBy(plan),
          runsModel: await needsRuntime(plan),
          donor: await namedDonor(flags, plan, flags.tokenizer),
          options: { ...modelOptions(flags), ...plan, ...(await chatTemplateOptions(flags)) },
        };
      },
      async plan(options) {
        const { plan, rowSource } = await planTokenizerSwap(options);
        await rowSource.close();
        return summarizePlan(plan);
      },
      write: async (options) =>
        swapTokenizer({ ...options, ...(await applyOptions(flags)), ...evalOptions(flags, flags.seed) }),
      presentPlan,
      present: presentSwap,
    });
  });
}

function remoteSwap(model: string, flags: Flags): RemoteSwap {
  return {
    model,
    tokenizer: flags.tokenizer,
    async prepare() {
      const { method, ...plan } = await swapPlanOptions(flags);
      const rows = { ...plan, method: await requireRows(method, plan.fallback) };
      return {
        donor: await namedDonor(flags, rows, flags.tokenizer),
        options: {
          ...modelOptions(flags),
          ...rows,
          ...fittingOptions(flags),
          ...(await applyOptions(flags)),
        },
      };
    },
  };
}
