import type { Command } from "commander";
import { wholeNumber } from "../options.ts";
import { runCommand } from "../run-command.ts";
import { withModels } from "../with-models.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./scoring-options.ts";
import {
  comparedPlanOptions,
  type FittingFlags,
  fittingOptions,
  MODEL_HELP,
  modelOptions,
  type PlanFlags,
  TOKENIZER_HELP,
  withComparedPlanOptions,
  withFittingOptions,
  withModelOptions,
} from "./shared-options.ts";

interface Flags extends ScoringFlags, Omit<PlanFlags, "method">, FittingFlags {
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
  withFittingOptions(command)
    .requiredOption("--tokenizer <path>", TOKENIZER_HELP)
    .requiredOption("--text <file>", "a UTF-8 text")
    .option(
      "--methods <names>",
      "what to try: names with commas between, each with options as name:key=value (all that the evidence allows)",
    );
  withScoringOptions(withComparedPlanOptions(command)).option(
    "--threads <n>",
    "threads of the runtime and the kernel (all cores)",
    wholeNumber(1),
  );
  withModelOptions(command).action(async (model: string, flags: Flags) => {
    const { compareMethods } = await import("@revocab/measure");
    const { methodCandidates } = await import("@revocab/embedding-init");
    const { catalog } = await import("../catalog.ts");
    const { printComparison } = await import("../print-evaluation.ts");
    await runCommand(
      command,
      async (context) => {
        const options = {
          text: flags.text,
          choice: methodCandidates(flags.methods?.split(",") ?? "auto", flags.with, await catalog()),
          ...modelOptions(flags),
          ...(await comparedPlanOptions(flags)),
          ...fittingOptions(flags),
          ...scoringOptions(flags),
          samplesSeed: flags.seed,
          ...context,
        };
        const names = {
          model: { name: model, want: "model" as const },
          tokenizer: { name: flags.tokenizer, want: "tokenizer" as const },
        };
        return withModels(context, names, ({ paths }) => compareMethods({ ...options, ...paths }));
      },
      printComparison,
      { readsOnly: true },
    );
  });
}
