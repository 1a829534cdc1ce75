import { z } from "zod";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { WEIGHTINGS } from "../piece-weights.ts";
import { subtokenMean } from "../subtoken-mean.ts";

export const subtokenMeanEntry: MethodEntry = methodEntry("subtoken-mean", {
  summary: "Each new token becomes the weighted mean of the source tokens that spell it.",
  paper: "https://arxiv.org/abs/2402.09977",
  evidence: "the two tokenizers",
  options: z.object({
    weighting: z
      .enum(WEIGHTINGS)
      .default("uniform")
      .describe("how pieces are weighed; the last three make input and head rows differ"),
    decay: numberOption(z.number().min(0).max(1).optional())
      .optional()
      .describe(
        "with front-loaded: what each piece of a head row weighs beside the one before it; 0.5 when not given",
      ),
  }),
  variants: WEIGHTINGS.map((weighting) => ({ weighting })),
  create: ({ weighting, decay }) => subtokenMean(decay === undefined ? { weighting } : { weighting, decay }),
});
