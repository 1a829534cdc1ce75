import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import {
  modelOptions,
  type PlanFlags,
  planOptions,
  TOKENIZER_HELP,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface Flags extends PlanFlags {
  readonly out: string;
  readonly force?: boolean;
}

export function registerPlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("compute the rows of a swap without rewriting a model")
    .description("Compute the rows of a swap and save them as a plan: weights only, no model is rewritten.")
    .argument("<model>", "model folder: config.json, safetensors, tokenizer.json");
  command
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .requiredOption("--out <file>", "the plan file to write")
    .option("--force", "replace an existing plan file");
  withModelOptions(withPlanOptions(command)).action(async (model: string, flags: Flags) => {
    const { checkPlanPlace, planTokenizerSwap, savePlan, summarizePlan } = await import("@revocab/transfer");
    const { printPlan } = await import("../print-reports.ts");
    await runCommand(
      command,
      async (context) => {
        await checkPlanPlace(flags.out, flags.force ?? false);
        return planTokenizerSwap(
          {
            model,
            tokenizer: flags.tokenizer,
            ...modelOptions(flags),
            ...(await planOptions(flags)),
            ...context,
          },
          async (plan) => {
            await savePlan(plan, flags.out, { force: flags.force ?? false, ...context });
            return summarizePlan(plan);
          },
        );
      },
      (summary) => `${printPlan(summary)}\nWritten to ${flags.out}\n`,
    );
  });
}
