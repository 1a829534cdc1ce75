import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { wholeNumber, withDevice, withThreads } from "./options/values.ts";

interface Flags extends ScoringFlags, ModelFlags {
  readonly text: string;
  readonly bytes?: boolean;
  readonly seed: number;
}

export function registerEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("score a model on a text, in bits per byte")
    .description(
      "Score a model on a text: bits per byte, which models with different tokenizers can be compared by.",
    )
    .argument("<model>", MODEL_HELP);
  command.requiredOption("--text <file>", "a UTF-8 text");
  withScoringOptions(command)
    .option("--bytes", "score by bytes too: over all ways to write the text in tokens (slower)")
    .option("--seed <n>", "masked models: which tokens are masked", wholeNumber(0), 0);
  withModelOptions(withDevice(withThreads(command, "threads of the runtime (all cores)"))).action(
    async (model: string, flags: Flags) => {
      const { evaluateModel } = await import("@revocab/measure");
      const { printEvaluation } = await import("../print-evaluation.ts");
      await runCommand(
        command,
        (context) =>
          withResolvedModels(context, { model: { name: model, want: "model" } }, ({ paths }) =>
            evaluateModel({
              ...paths,
              text: flags.text,
              ...modelOptions(flags),
              ...scoringOptions(flags),
              samplesSeed: flags.seed,
              byteLevel: flags.bytes ?? false,
              ...context,
            }),
          ),
        printEvaluation,
        { readsOnly: true },
      );
    },
  );
}
