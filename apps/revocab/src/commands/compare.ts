import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import {
  type FittingFlags,
  fittingOptions,
  MODEL_HELP,
  type ModelFlags,
  modelOptions,
  TOKENIZER_HELP,
  withFittingOptions,
  withModelOptions,
} from "./options/inputs.ts";
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
}

export function registerCompare(program: Command): void {
  const command = program
    .command("compare")
    .summary("try several methods on a text, and write nothing")
    .description(
      "Try methods on a text and on hidden rows: one line each, the best marked. Nothing is written.",
    )
    .argument("<model>", MODEL_HELP);
  withComparingOptions(
    withFittingOptions(command)
      .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
      .requiredOption("--text <file>", "a UTF-8 text")
      .option(
        "--methods <names>",
        "what to try: names with commas between, each with options as name:key=value (all whose inputs are given)",
      ),
  );
  const scored = withScoringOptions(withComparedPlanOptions(command));
  withModelOptions(
    withRunning(withThreads(scored, "threads of the runtime and the kernel (all cores)")),
  ).action(async (model: string, flags: Flags) => {
    const { compareMethods } = await import("@revocab/measure");
    const { methodCandidates } = await import("@revocab/embedding-init");
    const { catalog } = await import("../catalog.ts");
    const { printComparison } = await import("../print-evaluation.ts");
    await runCommand(
      command,
      async (context) => {
        const options = {
          text: flags.text,
          choice: methodCandidates(flags.methods?.split(",") ?? "auto", flags.with, await catalog(), {
            hasDonor: flags.donor !== undefined,
          }),
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
        return withResolvedModels(
          context,
          names,
          ({ paths, weights }) => compareMethods({ ...options, ...paths, donorWeights: weights.donor }),
          donor,
        );
      },
      printComparison,
      { readsOnly: true },
    );
  });
}
