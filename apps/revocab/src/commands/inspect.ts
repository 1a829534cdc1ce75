import type { InspectOptions } from "@revocab/plan";
import type { Command } from "commander";
import type { FullInspection } from "../present/present-inspection.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";

export function registerInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("show the vocabulary of a model or tokenizer")
    .description("Show vocabulary-sized tensors, tying, dtypes, kinds and roles of tokens, and surprises.")
    .argument(
      "<path>",
      "a model folder, a tokenizer folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub",
    );
  withModelOptions(
    command.option(
      "--well-trained",
      "also show which tokens look hardly trained, by the model's rows; of a repository only these are fetched",
    ),
  ).action(async (path: string, flags: Flags) => {
    const { presentInspection } = await import("../present/present-inspection.ts");
    await runCommand(
      command,
      (context) =>
        withResolvedModels(context, { path: { name: path, want: "any" } }, ({ paths, weights }) =>
          inspect(paths.path, { ...modelOptions(flags), weights: weights.path }, flags, context),
        ),
      presentInspection,
      { readsOnly: true },
    );
  });
}

interface Flags extends ModelFlags {
  readonly wellTrained?: boolean;
}

async function inspect(
  path: string,
  options: InspectOptions,
  { wellTrained = false }: Flags,
  { job }: CommandContext,
): Promise<FullInspection> {
  const { inspectPath, openModel } = await import("@revocab/plan");
  const inspection = await inspectPath(path, { ...options, digits: true });
  if (!wellTrained) return inspection;
  const { inspectTraining } = await import("@revocab/donor");
  const { readable, checkpoint, close } = await openModel(path, options);
  try {
    const training = await inspectTraining({ ...checkpoint, vocabulary: readable.vocabulary }, job);
    return { ...inspection, training };
  } finally {
    await close();
  }
}
