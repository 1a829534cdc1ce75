import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { withModels } from "../with-models.ts";
import { type PruneFlags, pruneOptions, withPruneOptions } from "./edit-options.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  MODEL_HELP,
  modelOptions,
  withApplyOptions,
  withModelOptions,
} from "./shared-options.ts";

interface Flags extends ApplyFlags, PruneFlags, Omit<EvalFlags, "threads"> {
  readonly out: string;
}

export function registerPrune(program: Command): void {
  const command = program
    .command("prune")
    .summary("take tokens out of a model's vocabulary")
    .description(
      "Take the tokens out of a model that a text does not need; the rows of the others move as bytes.",
    )
    .argument("<model>", MODEL_HELP)
    .requiredOption("--out <folder>", "the folder to write");
  withModelOptions(withEvalOptions(withApplyOptions(withPruneOptions(command)))).action(
    async (directory: string, flags: Flags) => {
      const { printEdit } = await import("../print-edit.ts");
      const transfer = await import("@revocab/transfer");
      const { mean } = await import("@revocab/embedding-init");
      await runCommand(
        command,
        async (context) => {
          const { out } = flags;
          await transfer.checkOutputPlace({ out, inputs: [directory], force: flags.force ?? false });
          const prune = await pruneOptions(flags);
          const names = { model: { name: directory, want: "model" as const } };
          return withModels(context, names, ({ paths, weights }) =>
            transfer.editVocabulary({
              ...paths,
              ...weights,
              ...modelOptions(flags),
              ...applyOptions(flags),
              ...evalOptions(flags),
              ...(prune && { prune }),
              ...context,
              method: mean(),
              out,
            }),
          );
        },
        (report) => printEdit(report, flags.out),
      );
    },
  );
}
