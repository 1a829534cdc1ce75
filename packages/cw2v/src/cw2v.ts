import type { MixtureMethod } from "@revocab/core";
import { filePath, type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { evidenceName, mixtureOfTokens } from "@revocab/embedding-init/internal";
import { z } from "zod";
import { learnWeights } from "./learn-weights.ts";
import { CW2V_HEADS, CW2V_LOSSES, type Cw2vOptions, cw2vSettings } from "./settings.ts";

/**
 * Each new token becomes a sum of source tokens with the weights softmax(A₁ · A₂). A₁ and A₂ are learned by
 * skip-gram with negative sampling on text in the target's tokens.
 *
 * Departures: weights are over used text and byte tokens alone, never padding or specials; the loss is the usual one
 * by default; lines come in another order, and centers and negatives are drawn again, in each epoch; negatives
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
    // with "one", the default, a tied model has one pair of factors, so that its rows do not differ
    differsByRole: heads === "both",
    needs: ["encode"],
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

/** The method in the catalog: its name on the command line and in recipes is `cw2v`. */
export const cw2vEntry: MethodEntry = methodEntry("cw2v", {
  summary:
    "Each new token becomes a convex sum of source tokens, with weights learned by skip-gram on text of the target's tokens.",
  paper: "https://arxiv.org/abs/2407.05841",
  evidence: "text in which new tokens stand among tokens that both vocabularies have",
  options: z.object({
    text: filePath.describe("such text (UTF-8), a sentence on each line"),
    rank: numberOption(z.number())
      .default(1024)
      .describe("of the learned matrix of weights; never more than there are source tokens"),
    epochs: numberOption(z.number()).default(5).describe("of training"),
    window: numberOption(z.number()).default(5).describe("tokens to each side"),
    negatives: numberOption(z.number()).default(5).describe("tokens drawn for each pair"),
    learningRate: numberOption(z.number()).default(3e-4).describe("of Adam"),
    loss: z
      .enum(CW2V_LOSSES)
      .default("standard")
      .describe("as-published sums a pair's negatives inside one sigmoid"),
    heads: z
      .enum(CW2V_HEADS)
      .optional()
      .describe("weights of their own for the head's rows, or one for both; one when not given"),
    subsample: numberOption(z.number())
      .default(2)
      .describe("a token the text has f times is a center √(subsample / f) of the time; 0: always"),
    batch: numberOption(z.number()).default(4096).describe("pairs in a step"),
    heldOut: numberOption(z.number())
      .default(0)
      .describe("share of the lines on which the loss must fall for training to go on"),
    top: z
      .union([z.literal("all"), numberOption(z.number())])
      .default(64)
      .describe("source tokens in a row, the heaviest, or all"),
    checkpoint: filePath.optional().describe("file the training is kept in, and resumed from"),
    memory: numberOption(z.number().optional())
      .optional()
      .describe("GB it may take; without it three quarters of the machine's"),
    threads: numberOption(z.number().optional())
      .optional()
      .describe("without it, as many as there are cores"),
  }),
  // training takes minutes to hours: only for those who name the method
  variants: [],
  create: ({ heads, checkpoint, memory, threads, ...rest }) =>
    cw2v({
      ...rest,
      heads,
      checkpoint,
      memory,
      threads,
    }),
});
