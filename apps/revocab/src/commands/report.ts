import type { SwapReview } from "@revocab/swap-review";
import type { Command } from "commander";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkPagePlace, PAGE_HELP, pageLines } from "../write-page.ts";
import { writeReview } from "../write-review.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";

interface Flags extends ModelFlags, ScoringFlags {
  readonly source?: string;
  readonly text?: string;
  readonly html?: string;
  readonly seed: number;
}

export function registerReport(program: Command): void {
  const command = program
    .command("report")
    .summary("show what a swap did, as a page with --html")
    .description(
      "Show what a swap did: where rows come from, norms, nearest rows, what it costs and where, config, checks.",
    )
    .argument("<model-or-plan>", "a model folder that revocab wrote, or a file that revocab plan wrote")
    .option(
      "--source <model>",
      "the model before the swap, to compare with: a folder, or a repository of the Hub",
    )
    .option("--text <file>", "a UTF-8 text: score it before and after, token by token")
    .option("--html <file>", PAGE_HELP)
    .option("--seed <n>", "which rows are drawn, and which tokens masked", wholeNumber(0), 0);
  withModelOptions(
    withRunning(withThreads(withScoringOptions(command), "threads of the runtime (all cores)")),
  ).action(async (subject: string, flags: Flags) => {
    const { presentReview } = await import("../present/present-review.ts");
    await runCommand(
      command,
      (context) => review(subject, flags, context),
      (reviewed) => withBlocks(presentReview(reviewed), ...pageLines(flags.html)),
      { readsOnly: flags.html === undefined, runsModel: flags.text !== undefined },
    );
  });
}

async function review(
  subject: string,
  { source, text, html, seed, ...flags }: Flags,
  context: CommandContext,
): Promise<SwapReview> {
  if (html !== undefined) await checkPagePlace(html);
  const options = {
    subject,
    seed,
    ...modelOptions(flags),
    ...(text !== undefined && { evaluate: { text, samplesSeed: seed, ...scoringOptions(flags) } }),
    ...context,
  };
  if (source === undefined) return writeReview(options, html);
  const want = text === undefined ? "tables" : "model";
  return withResolvedModels(context, { source: { name: source, want } }, ({ paths, weights }) =>
    writeReview({ ...options, ...paths, weights: weights.source }, html),
  );
}
