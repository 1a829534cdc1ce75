import { RevocabError } from "@revocab/core";
import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./options/scoring.ts";
import { type ApplyFlags, applyOptions, withApplyOptions } from "./options/written-model.ts";

interface Flags extends ModelFlags, ApplyFlags, EvalFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly base?: string;
  readonly out: string;
}

export function registerApply(program: Command): void {
  const command = program
    .command("apply")
    .summary("rewrite a model, or an adapter of it, by a saved plan")
    .description(
      "Rewrite a model by a saved plan: the model it was made for, or a fine-tune of it. " +
        "Or rewrite an adapter (LoRA) that was trained on one of these.",
    )
    .argument("<plan>", "a file that revocab plan wrote")
    .option(
      "--model <model>",
      "the model to rewrite, with the vocabulary of the plan: a folder, or a repository of the Hub; with --adapter the model that it was trained on",
    )
    .option("--adapter <folder>", "rewrite this adapter instead of a model (adapter_config.json)")
    .option("--base <model>", "what the rewritten adapter names as its base: the swapped model")
    .requiredOption("--out <folder>", "the folder to write");
  withModelOptions(withEvalOptions(withApplyOptions(command))).action(async (file: string, flags: Flags) => {
    if (flags.adapter !== undefined) return rewriteAdapter(command, file, flags, flags.adapter);
    const { model, out } = flags;
    if (model === undefined) {
      return command.error("error: required option '--model <model>' not specified, nor --adapter", {
        exitCode: 2,
      });
    }
    const { applySavedPlan, checkOutputPlace } = await import("@revocab/transfer");
    const { presentSwap } = await import("../present/present-swap.ts");
    await runCommand(
      command,
      async (context) => {
        if (flags.base !== undefined) {
          throw new RevocabError("bad_options", "--base was given without --adapter", {
            hint: "the model to rewrite is given by --model",
          });
        }
        const options = {
          plan: file,
          ...modelOptions(flags),
          ...(await applyOptions(flags)),
          ...evalOptions(flags),
          out,
        };
        await checkOutputPlace({ ...options, inputs: [model, file] });
        return withResolvedModels(context, { model: { name: model, want: "model" } }, ({ paths }) =>
          applySavedPlan({ ...options, ...paths, ...context }),
        );
      },
      (report) => presentSwap(report, out),
      { runsModel: flags.eval !== undefined },
    );
  });
}

async function rewriteAdapter(command: Command, file: string, flags: Flags, adapter: string): Promise<void> {
  const { base, out } = flags;
  const { applySavedPlanToAdapter, baseOfAdapter, checkOutputPlace } = await import("@revocab/transfer");
  const { presentAdapter } = await import("../present/present-swap.ts");
  await runCommand(
    command,
    async (context) => {
      if (flags.eval !== undefined) {
        throw new RevocabError("bad_options", "--eval scores a model, but --adapter writes an adapter", {
          hint: "merge it into the swapped model, and score that with revocab eval",
        });
      }
      const model = flags.model ?? (await baseOfAdapter(adapter));
      if (model === undefined) {
        throw new RevocabError("bad_options", `${adapter} names no base in adapter_config.json`, {
          hint: "give the model that the adapter was trained on, with --model",
        });
      }
      const options = {
        plan: file,
        adapter,
        base,
        ...modelOptions(flags),
        ...(await applyOptions(flags)),
        out,
      };
      await checkOutputPlace({ ...options, inputs: [adapter, model, file] });
      return withResolvedModels(context, { model: { name: model, want: "tables" } }, ({ paths, weights }) =>
        applySavedPlanToAdapter({ ...options, ...paths, weights: weights.model, ...context }),
      );
    },
    (report) => presentAdapter(report, out),
  );
}
