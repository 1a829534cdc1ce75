import type {
  DynamicEvaluation,
  MixtureEvaluation,
  ModelEvaluation,
  ServedEvaluation,
} from "@revocab/measure";
import type { TextDocument } from "@revocab/report-document";
import type { Command } from "commander";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { pageLines } from "../write-page.ts";
import { evaluateMerged, type MergedFlags } from "./evaluate-merged.ts";
import { evaluateVoters, type VotersFlags } from "./evaluate-voters.ts";
import { MODEL_HELP, modelOptions, withModelOptions } from "./options/inputs.ts";
import { checkDynamic, withDynamicOptions } from "./options/merging.ts";
import { scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { type Scored, type ServedFlags, scoredBy, withServedOptions } from "./options/served-model.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";
import { requireVoters, withVotingOptions } from "./options/voting.ts";

interface Flags extends MergedFlags, VotersFlags, ServedFlags {
  readonly byToken?: boolean;
}

type Evaluation = ModelEvaluation | ServedEvaluation | MixtureEvaluation | DynamicEvaluation;

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
    .option(
      "--seed <n>",
      "masked models: which tokens are masked; --dynamic: of a method that draws numbers",
      wholeNumber(0),
      0,
    );
  withRunning(withThreads(command, "threads of the runtime (all cores)"));
  withVotingOptions(command.optionsGroup("Models that vote on every byte:")).option(
    "--fit-weights <file>",
    "with --with: a text that the weights are fitted on, other than the one that is scored",
  );
  withDynamicOptions(command);
  withModelOptions(withServedOptions(command)).action(async (model: string | undefined, flags: Flags) => {
    await runCommand(
      command,
      (context) => {
        checkDynamic(command, flags);
        return evaluate(command, scoredBy(command, model, flags), flags, context);
      },
      await presenter(flags),
      {
        readsOnly: flags.html === undefined,
        runsModel: flags.server === undefined && model !== undefined,
      },
    );
  });
}

async function evaluate(
  command: Command,
  scored: Scored,
  flags: Flags,
  context: CommandContext,
): Promise<Evaluation> {
  requireVoters(flags);
  const { evaluateModel, evaluateServedModel } = await import("@revocab/measure");
  const { byToken = false } = flags;
  const { samples, ...scoring } = { ...scoringOptions(flags), text: flags.text, byToken };
  if ("served" in scored) {
    const tokenizer = { name: scored.tokenizer, want: "tokenizer" } as const;
    return withResolvedModels(context, { tokenizer }, ({ paths }) =>
      evaluateServedModel({ ...scored.served, ...paths, ...scoring, ...context }),
    );
  }
  if (flags.dynamic !== undefined) return evaluateMerged(scored.model, flags.dynamic, flags, context);
  if (flags.with !== undefined) return evaluateVoters(command, scored.model, flags, context);
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

async function presenter({ html }: Flags): Promise<(evaluation: Evaluation) => TextDocument> {
  const { presentEvaluation, presentMixture } = await import("../present/present-evaluation.ts");
  const { presentDynamic } = await import("../present/present-dynamic.ts");
  return (evaluation) => {
    if ("reduced" in evaluation) return withBlocks(presentDynamic(evaluation), ...pageLines(html));
    return evaluation.kind === "mixture" ? presentMixture(evaluation) : presentEvaluation(evaluation);
  };
}
