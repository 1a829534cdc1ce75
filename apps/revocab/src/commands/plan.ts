import type { Command } from "commander";
import { requireRuntime } from "../require-runtime.ts";
import { type ResolvedModels, withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
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
import {
  namedDonor,
  needsRuntime,
  type PlanFlags,
  planOptions,
  wantedBy,
  withPlanOptions,
} from "./options/rows.ts";
import { type HealFlags, healOptions, withHealOptions } from "./options/training.ts";
import { withRunning, withThreads } from "./options/values.ts";

interface Flags extends ModelFlags, FittingFlags, PlanFlags, HealFlags {
  readonly tokenizer: string;
  readonly out: string;
  readonly force?: boolean;
  readonly keepChatTemplate?: boolean;
}

export function registerPlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("compute the rows of a swap without rewriting a model")
    .description("Compute the rows of a swap and save them as a plan: weights only, no model is rewritten.")
    .argument("<model>", MODEL_HELP);
  withFittingOptions(command)
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .option("--keep-chat-template", "add the special tokens that the model's own chat template needs")
    .requiredOption("--out <file>", "the plan file to write")
    .option("--force", "replace an existing plan file");
  withModelOptions(withRunning(withThreads(withHealOptions(withPlanOptions(command))))).action(
    async (model: string, flags: Flags) => {
      const { checkPlanPlace, savePlan, summarizePlan } = await import("@revocab/plan");
      const { planTokenizerSwap } = await import("@revocab/transfer");
      const { presentSavedPlan } = await import("../present/present-swap.ts");
      await runCommand(
        command,
        async (context) => {
          const { out, force = false, keepChatTemplate = false } = flags;
          await checkPlanPlace(out, force);
          const options = {
            ...modelOptions(flags),
            ...(await planOptions(flags)),
            ...fittingOptions(flags),
            ...healOptions(flags),
            chatTemplate: keepChatTemplate ? ("source" as const) : undefined,
            ...context,
          };
          const names = {
            model: {
              name: model,
              want: flags.heal === undefined ? await wantedBy(options) : ("model" as const),
            },
            tokenizer: { name: flags.tokenizer, want: "tokenizer" as const },
          };
          if (flags.heal !== undefined || (await needsRuntime(options)))
            await requireRuntime(context.job.onProgress);
          const planAndSave = async ({ paths, weights, downloads }: ResolvedModels<keyof typeof names>) => {
            const sources = { weights: weights.model, donorWeights: weights.donor };
            const planned = await planTokenizerSwap({ ...options, ...paths, ...sources });
            try {
              await savePlan(planned, out, { force, ...context });
            } finally {
              await planned.rowSource.close();
            }
            const summary = summarizePlan(planned.plan);
            return downloads().length > 0 ? { ...summary, downloads: downloads() } : summary;
          };
          const donor = await namedDonor(flags, options, flags.tokenizer);
          return withResolvedModels(context, names, planAndSave, donor);
        },
        (summary) => presentSavedPlan(summary, flags.out),
      );
    },
  );
}
