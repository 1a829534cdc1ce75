import type { Command } from "commander";
import { writeModel } from "../write-model.ts";
import { type PruneFlags, pruneOptions, withPruneOptions } from "./edit-options.ts";
import { type OutputFlags, withOutputOptions } from "./output-options.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./scoring-options.ts";
import {
  type ApplyFlags,
  applyOptions,
  MODEL_HELP,
  modelOptions,
  withApplyOptions,
  withModelOptions,
} from "./shared-options.ts";

interface Flags extends ApplyFlags, PruneFlags, Omit<EvalFlags, "threads">, OutputFlags {}

export function registerPrune(program: Command): void {
  const command = program
    .command("prune")
    .summary("take tokens out of a model's vocabulary")
    .description(
      "Take the tokens out of a model that a text does not need; the rows of the others move as bytes.",
    )
    .argument("<model>", MODEL_HELP);
  withModelOptions(withEvalOptions(withApplyOptions(withPruneOptions(withOutputOptions(command))))).action(
    async (model: string, flags: Flags) => {
      const { printEdit, printEditPlan } = await import("../print-edit.ts");
      const { editVocabulary, planVocabularyEdit } = await import("@revocab/transfer");
      const { mean } = await import("@revocab/embedding-init");
      await writeModel(command, flags, {
        names: { model: { name: model, want: "model" } },
        async prepare() {
          const prune = await pruneOptions(flags);
          return {
            want: "tables",
            options: { ...modelOptions(flags), ...(prune && { prune }), method: mean() },
          };
        },
        plan: planVocabularyEdit,
        write: async (options) =>
          editVocabulary({ ...options, ...(await applyOptions(flags)), ...evalOptions(flags) }),
        printPlan: printEditPlan,
        print: printEdit,
      });
    },
  );
}
