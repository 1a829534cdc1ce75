import type { InspectOptions } from "@revocab/plan";
import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { modelTraining } from "../model-training.ts";
import type { FullInspection } from "../present/present-inspection.ts";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkPagePlace, PAGE_HELP, pageLines, writePage } from "../write-page.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";

export function registerInspect(program: Command): void {
  const command = program
    .command("inspect")
    .summary("show the vocabulary of a model or tokenizer")
    .description(
      "Show vocabulary-sized tensors, tying, dtypes, kinds and roles of tokens, what other programs will make of them, and surprises.",
    )
    .argument(
      "<path>",
      "a model folder, a tokenizer folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub",
    );
  withModelOptions(
    command
      .option(
        "--well-trained",
        "also show which tokens look hardly trained, by the model's rows; of a repository only these are fetched",
      )
      .option("--html <file>", PAGE_HELP),
  ).action(async (path: string, flags: Flags) => {
    await startLibrary();
    const { presentInspection } = await import("../present/present-inspection.ts");
    await runCommand(
      command,
      async (context) => {
        if (flags.html !== undefined) await checkPagePlace(flags.html);
        return withResolvedModels(context, { path: { name: path, want: "any" } }, ({ paths, weights }) =>
          inspect(paths.path, { ...modelOptions(flags), weights: weights.path }, flags, context),
        );
      },
      (inspection) => withBlocks(presentInspection(inspection), ...pageLines(flags.html)),
      { readsOnly: flags.html === undefined },
    );
  });
}

/** While the rest is loaded. */
async function startLibrary(): Promise<void> {
  const { libraryQueue } = await import("@revocab/vocabulary/internal");
  libraryQueue.start();
}

interface Flags extends ModelFlags {
  readonly wellTrained?: boolean;
  readonly html?: string;
}

async function inspect(
  path: string,
  options: InspectOptions,
  { wellTrained = false, html }: Flags,
  { job }: CommandContext,
): Promise<FullInspection> {
  const { inspectPath } = await import("@revocab/plan");
  const found = await inspectPath(path, { ...options, digits: true, predictions: true });
  const inspection = wellTrained ? { ...found, training: await modelTraining(path, options, job) } : found;
  if (html !== undefined) {
    const { inspectionPage } = await import("../present/inspection-page.ts");
    const { renderPage } = await import("@revocab/report-page");
    await writePage(html, renderPage(await inspectionPage(inspection, path, job), { words: inFlags }));
  }
  return inspection;
}
