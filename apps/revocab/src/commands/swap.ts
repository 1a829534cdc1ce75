import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import {
  type ApplyFlags,
  applyOptions,
  modelOptions,
  type PlanFlags,
  planOptions,
  TOKENIZER_HELP,
  withApplyOptions,
  withModelOptions,
  withPlanOptions,
} from "./shared-options.ts";

interface SwapFlags extends PlanFlags, ApplyFlags {
  readonly out?: string;
  readonly dryRun?: boolean;
}

export function registerSwap(program: Command): void {
  const command = program
    .command("swap")
    .summary("give a model another tokenizer")
    .description("Give a model another tokenizer: rewrite its embeddings and all that depends on them.")
    .argument("<model>", "model folder: config.json, safetensors, tokenizer.json");
  command
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .option("--out <folder>", "the folder to write")
    .option("--dry-run", "print the plan's counts and write nothing");
  withModelOptions(withApplyOptions(withPlanOptions(command))).action(
    async (directory: string, flags: SwapFlags) => {
      const { out, dryRun = false } = flags;
      if (out === undefined && !dryRun)
        command.error("error: required option '--out <folder>' not specified, nor --dry-run", {
          exitCode: 2,
        });
      const { printPlan, printSwap } = await import("../print-reports.ts");
      const transfer = await import("@revocab/transfer");
      const inputs = async () => ({
        model: directory,
        tokenizer: flags.tokenizer,
        ...modelOptions(flags),
        ...(await planOptions(flags)),
      });
      if (out === undefined || dryRun) {
        await runCommand(
          command,
          async (context) =>
            transfer.planTokenizerSwap({ ...(await inputs()), ...context }, transfer.summarizePlan),
          (summary) => `${printPlan(summary)}\nNothing was written (--dry-run)\n`,
        );
      } else {
        await runCommand(
          command,
          async (context) =>
            transfer.swapTokenizer({ ...(await inputs()), ...applyOptions(flags), out, ...context }),
          (report) => printSwap(report, out),
        );
      }
    },
  );
}
