import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  modelOptions,
  withApplyOptions,
  withModelOptions,
} from "./shared-options.ts";

interface Flags extends ApplyFlags, Omit<EvalFlags, "threads"> {
  readonly model: string;
  readonly out: string;
}

export function registerApply(program: Command): void {
  const command = program
    .command("apply")
    .summary("rewrite a model by a saved plan")
    .description("Rewrite a model by a saved plan: the model it was made for, or a fine-tune of it.")
    .argument("<plan>", "plan file made by revocab plan")
    .requiredOption("--model <folder>", "model folder with the vocabulary the plan was made for")
    .requiredOption("--out <folder>", "the folder to write");
  withModelOptions(withEvalOptions(withApplyOptions(command))).action(async (file: string, flags: Flags) => {
    const { out } = flags;
    const { applySavedPlan } = await import("@revocab/transfer");
    const { printSwap } = await import("../print-reports.ts");
    await runCommand(
      command,
      (context) =>
        applySavedPlan({
          plan: file,
          model: flags.model,
          ...modelOptions(flags),
          ...applyOptions(flags),
          ...evalOptions(flags),
          out,
          ...context,
        }),
      (report) => printSwap(report, out),
    );
  });
}
