import type { ModelEvaluation, ServedEvaluation } from "@revocab/measure";
import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { type Scored, type ServedFlags, scoredBy, withServedOptions } from "./options/served-model.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";

interface Flags extends ScoringFlags, ModelFlags, ServedFlags {
  readonly text: string;
  readonly bytes?: boolean;
  readonly byToken?: boolean;
  readonly source?: string;
  readonly seed: number;
}

export function registerEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("score a model on a text, in bits per byte")
    .description(
      "Score a model on a text: bits per byte, which models with different tokenizers can be compared by.",
    )
    .argument("[model]", MODEL_HELP);
  command.requiredOption("--text <file>", "a UTF-8 text");
  withScoringOptions(command)
    .option("--bytes", "score by bytes too: over all ways to write the text in tokens (slower)")
    .option("--by-token", "say which tokens and documents cost most")
    .option("--source <text>", "encoder–decoder models: the text that the encoder reads (none)")
    .option("--seed <n>", "masked models: which tokens are masked", wholeNumber(0), 0);
  const running = withRunning(withThreads(command, "threads of the runtime (all cores)"));
  withModelOptions(withServedOptions(running)).action(async (model: string | undefined, flags: Flags) => {
    const { presentEvaluation } = await import("../present/present-evaluation.ts");
    await runCommand(
      command,
      (context) => evaluate(scoredBy(command, model, flags), flags, context),
      presentEvaluation,
      { readsOnly: true, runsModel: flags.server === undefined && model !== undefined },
    );
  });
}

async function evaluate(
  scored: Scored,
  flags: Flags,
  context: CommandContext,
): Promise<ModelEvaluation | ServedEvaluation> {
  const { evaluateModel, evaluateServedModel } = await import("@revocab/measure");
  const { byToken = false } = flags;
  const { samples, ...scoring } = { ...scoringOptions(flags), text: flags.text, byToken };
  if ("served" in scored) {
    const tokenizer = { name: scored.tokenizer, want: "tokenizer" } as const;
    return withResolvedModels(context, { tokenizer }, ({ paths }) =>
      evaluateServedModel({ ...scored.served, ...paths, ...scoring, ...context }),
    );
  }
  return withResolvedModels(context, { model: { name: scored.model, want: "model" } }, ({ paths }) =>
    evaluateModel({
      ...paths,
      ...modelOptions(flags),
      ...scoring,
      samples,
      samplesSeed: flags.seed,
      source: flags.source,
      byteLevel: flags.bytes ?? false,
      ...context,
    }),
  );
}
