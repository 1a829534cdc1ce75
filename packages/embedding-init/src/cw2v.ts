import type { MixtureMethod } from "@revocab/core";
import { learnWeights } from "./cw2v/learn-weights.ts";
import { type Cw2vOptions, cw2vSettings } from "./cw2v/settings.ts";
import { evidenceName } from "./evidence-name.ts";
import { mixtureOfTokens } from "./similarity-mixtures.ts";

export type { Cw2vHeads } from "./cw2v/create-model.ts";
export type { Cw2vOptions } from "./cw2v/settings.ts";
export type { Cw2vLoss } from "./cw2v/skip-gram-step.ts";

/**
 * Each new token becomes a sum of source tokens with the weights softmax(A₁ · A₂), of which A₁ and A₂ are learned by
 * skip-gram with negative sampling on text of the target's tokens.
 *
 * Departures: weights are over used text and byte tokens alone, never padding or specials; the loss is the usual one
 * unless asked otherwise; lines come in another order, and centers and negatives are drawn again, in each epoch; negatives
 * are drawn with replacement; only the heaviest weights are kept; a tied model has one pair of factors.
 * @see https://arxiv.org/abs/2407.05841
 * @throws RevocabError bad_options; when it prepares, no_evidence, missing_file, bad_text, not_finite, shape_mismatch
 */
export function cw2v(given: Cw2vOptions): MixtureMethod {
  const settings = cw2vSettings(given);
  const { text, rank, epochs, window, negatives, learningRate, loss, subsample, batch, heldOut, top, heads } =
    settings;
  return {
    kind: "mixture",
    name: "cw2v",
    paper: "https://arxiv.org/abs/2407.05841",
    weights: "convex",
    // without a choice a tied model has one pair of factors, so that its rows do not differ
    differsByRole: heads === "both",
    options: {
      text: evidenceName(text),
      ...{ rank, epochs, window, negatives, learningRate, loss, subsample, batch, heldOut, top },
      ...(heads && { heads }),
    },
    async prepare(context) {
      const { input, output } = await learnWeights(context, settings);
      return { mixture: (tokens, { role }) => mixtureOfTokens(tokens, role === "output" ? output : input) };
    },
  };
}
