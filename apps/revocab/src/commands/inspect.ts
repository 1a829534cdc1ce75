import type { Command } from "commander";
import { runCommand } from "../run-command.ts";
import { withModels } from "../with-models.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./shared-options.ts";

export function registerInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("show the vocabulary of a model or tokenizer")
    .description("Show vocabulary-sized tensors, tying, dtypes, kinds and roles of tokens, and surprises.")
    .argument(
      "<path>",
      "a model folder, a tokenizer folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub",
    );
  withModelOptions(command).action(async (path: string, flags: ModelFlags) => {
    const { inspectPath } = await import("@revocab/plan");
    const { printInspection } = await import("../print-inspection.ts");
    await runCommand(
      command,
      (context) =>
        withModels(context, { path: { name: path, want: "any" } }, ({ paths, weights }) =>
          inspectPath(paths.path, { ...modelOptions(flags), ...weights }),
        ),
      printInspection,
      { readsOnly: true },
    );
  });
}
