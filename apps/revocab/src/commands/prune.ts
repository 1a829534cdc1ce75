import { RevocabError } from "@revocab/core";
import type { Command } from "commander";
import { withRecipeOption } from "../recipe/use-recipe.ts";
import { writeModel } from "../write-model.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type OutputFlags, withOutputOptions } from "./options/output.ts";
import { placesOf, withPlaces } from "./options/places.ts";
import { type EvalFlags, evalOptions, withEvalOptions } from "./options/scoring.ts";
import { wholeNumber } from "./options/values.ts";
import { type ApplyFlags, applyOptions, withApplyOptions } from "./options/written-model.ts";

interface Flags extends ModelFlags, ApplyFlags, PruneFlags, EvalFlags, OutputFlags {}

export function registerPrune(program: Command): void {
  const command = program
    .command("prune")
    .summary("take tokens out of a model's vocabulary")
    .description(
      "Take the tokens out of a model that a text does not need; the rows of the others move as bytes.",
    );
  withPlaces(command, "model", "out");
  const pruning = withPruneOptions(withRecipeOption(withOutputOptions(command)));
  withModelOptions(withEvalOptions(withApplyOptions(pruning))).action(async () => {
    const { model } = placesOf(command, ["model"]);
    const flags = command.opts<Flags>();
    const { presentEdit, presentEditPlan } = await import("../present/present-swap.ts");
    const { editVocabulary, planVocabularyEdit } = await import("@revocab/transfer");
    const { mean } = await import("@revocab/embedding-init");
    await writeModel(command, flags, {
      names: { model: { name: model, want: "model" } },
      prepare: async () => ({
        want: "tables",
        options: { ...modelOptions(flags), prune: await pruneOptions(flags), method: mean() },
      }),
      plan: planVocabularyEdit,
      write: async (options) =>
        editVocabulary({ ...options, ...(await applyOptions(flags)), ...evalOptions(flags) }),
      presentPlan: presentEditPlan,
      present: presentEdit,
    });
  });
}

/** Which tokens are removed; `revocab extend` has these flags too. */
export interface PruneFlags {
  readonly keepFor?: string;
  readonly keep?: number;
  readonly keepIds?: boolean;
}

export function withPruneOptions(command: Command): Command {
  return command
    .optionsGroup("Which tokens are left:")
    .option("--keep-for <file>", "keep the tokens that this text is written with, and what any text needs")
    .option(
      "--keep <n>",
      "with --keep-for: keep no more tokens than this, the most used first",
      wholeNumber(1),
    )
    .option("--keep-ids", "leave ids as they are, with holes between them");
}

/** Undefined where no token is to be removed. */
export async function pruneOptions({ keepFor, keep, keepIds = false }: PruneFlags) {
  if (keepFor !== undefined) {
    const { readCorpus } = await import("@revocab/transfer");
    return { keepFor: readCorpus(keepFor), keepIds, atMost: keep };
  }
  if (keep === undefined && !keepIds) return undefined;
  throw new RevocabError(
    "bad_options",
    `${keep === undefined ? "--keep-ids" : "--keep"} was given without --keep-for`,
    { hint: "pass --keep-for with a text of the kind that the model is for" },
  );
}
