import { z } from "zod";
import { CW2V_HEADS } from "../cw2v/create-model.ts";
import { CW2V_LOSSES } from "../cw2v/skip-gram-step.ts";
import { cw2v } from "../cw2v.ts";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { filePath } from "./file-path.ts";

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
  // training takes minutes to hours: only for one who asks for it by name
  variants: [],
  create: ({ heads, checkpoint, memory, threads, ...rest }) =>
    cw2v({
      ...rest,
      ...(heads && { heads }),
      ...(checkpoint !== undefined && { checkpoint }),
      ...(memory !== undefined && { memory }),
      ...(threads !== undefined && { threads }),
    }),
});
