import { RevocabError } from "@revocab/core";
import type { MixtureEvaluation } from "@revocab/measure";
import type { Command } from "commander";
import { withResolvedModels } from "../resolve-models.ts";
import type { CommandContext } from "../run-command.ts";
import { type ModelFlags, modelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions } from "./options/scoring.ts";
import { resolvedVoters, type VotingFlags, votersToResolve } from "./options/voting.ts";

/** `eval --with` */
export interface VotersFlags extends ScoringFlags, ModelFlags, VotingFlags {
  readonly text: string;
  readonly source?: string;
}

/** Options that a score of models together does not have. */
const OF_ONE_MODEL = {
  stride: "--stride",
  samples: "--samples",
  byToken: "--by-token",
  seed: "--seed",
};

/**
 * Scores models that vote on every byte.
 * @throws RevocabError `bad_options` for an option of one model alone
 */
export async function evaluateVoters(
  command: Command,
  model: string,
  flags: VotersFlags,
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
