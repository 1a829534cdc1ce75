import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { withModels } from "../with-models.ts";
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
    .requiredOption(
      "--model <model>",
      "the model to rewrite, with the vocabulary of the plan: a folder, or a repository of the Hub",
    )
    .requiredOption("--out <folder>", "the folder to write");
  withModelOptions(withEvalOptions(withApplyOptions(command))).action(async (file: string, flags: Flags) => {
    const { out } = flags;
    const { applySavedPlan, checkOutputPlace } = await import("@revocab/transfer");
    const { printSwap } = await import("../print-reports.ts");
    await runCommand(
      command,
      async (context) => {
        const options = {
          plan: file,
          ...modelOptions(flags),
          ...applyOptions(flags),
          ...evalOptions(flags),
          out,
        };
        await checkOutputPlace({ ...options, inputs: [flags.model, file] });
        return withModels(context, { model: { name: flags.model, want: "model" } }, ({ paths }) =>
          applySavedPlan({ ...options, ...paths, ...context }),
        );
      },
      (report) => printSwap(report, out),
    );
  });
}
