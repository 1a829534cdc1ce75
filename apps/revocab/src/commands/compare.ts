import { basename } from "node:path";
import type { CandidateChoice } from "@revocab/embedding-init";
import { renderHtml } from "@revocab/report-document";
import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import { checkPagePlace, PAGE_HELP, pageLines, writePage } from "../write-page.ts";
import {
  type FittingFlags,
  fittingOptions,
  type ModelFlags,
  modelOptions,
  TOKENIZER_HELP,
  withFittingOptions,
  withModelOptions,
} from "./options/inputs.ts";
import { placesOf, withPlaces } from "./options/places.ts";
import {
  type ComparedPlanFlags,
  comparedPlanOptions,
  namedDonor,
  withComparedPlanOptions,
} from "./options/rows.ts";
import {
  type ComparingFlags,
  comparingOptions,
  withComparingOptions,
  withScoringOptions,
} from "./options/scoring.ts";
import { withRunning, withThreads } from "./options/values.ts";

interface Flags extends ModelFlags, FittingFlags, ComparedPlanFlags, ComparingFlags {
  readonly tokenizer: string;
  readonly text: string;
  readonly methods?: string;
  readonly html?: string;
}

export function registerCompare(program: Command): void {
  const command = program
    .command("compare")
    .summary("try several methods on a text, and write nothing")
    .description(
      "Try methods on a text and on hidden rows: one line each, the best marked. Nothing is written.",
    );
  withPlaces(command, "model", "tokenizer");
  withComparingOptions(
    withFittingOptions(command)
      .option("--tokenizer <path>", TOKENIZER_HELP)
      .requiredOption("--text <file>", "a UTF-8 text")
      .option(
        "--methods <names>",
        "what to try: names with commas between, each with options as name:key=value (all whose inputs are given)",
      )
      .option("--html <file>", PAGE_HELP),
  );
  const scored = withScoringOptions(withComparedPlanOptions(command));
  withModelOptions(
    withRunning(withThreads(scored, "threads of the runtime and the kernel (all cores)")),
  ).action(async () => {
    const { model } = placesOf(command, ["model", "tokenizer"]);
    const flags = command.opts<Flags>();
    const { compareMethods } = await import("@revocab/measure");
    const { methodCandidates } = await import("@revocab/embedding-init");
    const { catalog } = await import("../catalog.ts");
    const { comparisonPage, presentComparison } = await import("../present/present-comparison.ts");
    const { winningCommand } = await import("./winning-command.ts");
    let choice: CandidateChoice | undefined;
    await runCommand(
      command,
      async (context) => {
        if (flags.html !== undefined) await checkPagePlace(flags.html);
        choice = methodCandidates(flags.methods?.split(",") ?? "auto", flags.with, await catalog(), {
          hasDonor: flags.donor !== undefined,
        });
        const options = {
          text: flags.text,
          choice,
          ...modelOptions(flags),
          ...(await comparedPlanOptions(flags)),
          ...fittingOptions(flags),
          ...comparingOptions(flags),
          samplesSeed: flags.seed,
          ...context,
        };
        const names = {
          model: { name: model, want: "model" as const },
          tokenizer: { name: flags.tokenizer, want: "tokenizer" as const },
        };
        const contest = { kind: "contest", choice: options.choice } as const;
        const donor = await namedDonor(flags, { ...options, method: contest }, flags.tokenizer);
        const comparison = await withResolvedModels(
          context,
          names,
          ({ paths, weights }) => compareMethods({ ...options, ...paths, donorWeights: weights.donor }),
          donor,
        );
        if (flags.html !== undefined) {
          const title = `Methods for ${basename(model)} with the tokenizer of ${basename(flags.tokenizer)}`;
          await writePage(flags.html, renderHtml(comparisonPage(comparison, title), { words: inFlags }));
        }
        return comparison;
      },
      (comparison) =>
        withBlocks(
          presentComparison(comparison, winningCommand(command, comparison, choice?.candidates ?? [])),
          ...pageLines(flags.html),
        ),
      { readsOnly: flags.html === undefined, runsModel: true },
    );
  });
}
