import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { shown } from "../shown.ts";
import { withModels } from "../with-models.ts";
import {
  type FittingFlags,
  fittingOptions,
  MODEL_HELP,
  modelOptions,
  type PlanFlags,
  planOptions,
  TOKENIZER_HELP,
  wantedBy,
  withFittingOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface Flags extends PlanFlags, FittingFlags {
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
  withModelOptions(withPlanOptions(command)).action(async (model: string, flags: Flags) => {
    const { checkPlanPlace, savePlan, summarizePlan } = await import("@revocab/plan");
    const { planTokenizerSwap } = await import("@revocab/transfer");
    const { printPlan } = await import("../print-reports.ts");
    await runCommand(
      command,
      async (context) => {
        await checkPlanPlace(flags.out, flags.force ?? false);
        const options = {
          ...modelOptions(flags),
          ...(await planOptions(flags)),
          ...fittingOptions(flags),
          ...(flags.keepChatTemplate && { chatTemplate: "source" as const }),
          ...context,
        };
        const names = {
          model: { name: model, want: wantedBy(options) },
          tokenizer: { name: flags.tokenizer, want: "tokenizer" as const },
        };
        return withModels(context, names, ({ paths, weights, downloads }) =>
          planTokenizerSwap({ ...options, ...paths, ...weights }, async (plan) => {
            await savePlan(plan, flags.out, { force: flags.force ?? false, ...context });
            return { ...summarizePlan(plan), ...(downloads().length > 0 && { downloads: downloads() }) };
          }),
        );
      },
      (summary) => printPlan(summary) + shown`\nWritten to ${flags.out}\n`,
    );
  });
}
