import { RevocabError } from "@revocab/core";
import type { MixtureEvaluation, ModelEvaluation, ServedEvaluation } from "@revocab/measure";
import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { type Scored, type ServedFlags, scoredBy, withServedOptions } from "./options/served-model.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";
import {
  requireVoters,
  resolvedVoters,
  type VotingFlags,
  votersToResolve,
  withVotingOptions,
} from "./options/voting.ts";

interface Flags extends ScoringFlags, ModelFlags, ServedFlags, VotingFlags {
  readonly text: string;
  readonly fitWeights?: string;
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
  withRunning(withThreads(command, "threads of the runtime (all cores)"));
  withVotingOptions(command.optionsGroup("Models that vote on every byte:")).option(
    "--fit-weights <file>",
    "with --with: a text that the weights are fitted on, other than the one that is scored",
  );
  withModelOptions(withServedOptions(command)).action(async (model: string | undefined, flags: Flags) => {
    const { presentEvaluation, presentMixture } = await import("../present/present-evaluation.ts");
    await runCommand(
      command,
      (context) => evaluate(command, scoredBy(command, model, flags), flags, context),
      (result) => (result.kind === "mixture" ? presentMixture(result) : presentEvaluation(result)),
      { readsOnly: true },
    );
  });
}

async function evaluate(
  command: Command,
  scored: Scored,
  flags: Flags,
  context: CommandContext,
): Promise<ModelEvaluation | ServedEvaluation | MixtureEvaluation> {
  const { evaluateModel, evaluateServedModel } = await import("@revocab/measure");
  const { byToken = false } = flags;
  const { samples, ...scoring } = { ...scoringOptions(flags), text: flags.text, byToken };
  if ("served" in scored) {
    const tokenizer = { name: scored.tokenizer, want: "tokenizer" } as const;
    return withResolvedModels(context, { tokenizer }, ({ paths }) =>
      evaluateServedModel({ ...scored.served, ...paths, ...scoring, ...context }),
    );
  }
  requireVoters(flags);
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

/** Options that a score of models together does not have. */
const OF_ONE_MODEL = {
  stride: "--stride",
  samples: "--samples",
  byToken: "--by-token",
  seed: "--seed",
};

/** @throws RevocabError `bad_options` for an option of one model alone */
async function evaluateVoters(
  command: Command,
  model: string,
  flags: Flags,
  context: CommandContext,
): Promise<MixtureEvaluation> {
  const other = Object.entries(OF_ONE_MODEL).find(
    ([name]) => command.getOptionValueSource(name) === "cli",
  )?.[1];
  if (other !== undefined) {
    throw new RevocabError("bad_options", `${other} was given with --with`, {
      hint: `leave ${other} out: models that vote are scored byte by byte, in windows that overlap by a token`,
    });
  }
  const { evaluateMixture } = await import("@revocab/measure");
  const { text, source, weights, mean, fitWeights: fitText } = flags;
  const { maxBytes, split, context: window, bos } = scoringOptions(flags);
  return withResolvedModels(context, votersToResolve(model, flags), ({ paths }) =>
    evaluateMixture({
      ...resolvedVoters(paths),
      ...modelOptions(flags),
      ...{ text, fitText, source, weights, mean, maxBytes, split, context: window, bos },
      ...context,
    }),
  );
}
