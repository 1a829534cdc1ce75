import { z } from "zod";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { ofa } from "../ofa.ts";
import { nearestInMeaningOptions, nearestOptions } from "./nearest-options.ts";

export const ofaEntry: MethodEntry = methodEntry("ofa", {
  summary: "As wechsel, but a token's vector is always the mean of the words that are written with it.",
  paper: "https://arxiv.org/abs/2311.08849",
  evidence: "word vectors of both languages, and a dictionary if they are not in one space",
  options: z.object({
    ...nearestOptions,
    rank: numberOption(z.number().optional())
      .optional()
      .describe("factorize the source rows to this rank first; without it they are taken as they are"),
  }),
  create: ({ rank, ...rest }) =>
    ofa({ ...nearestInMeaningOptions(rest), ...(rank !== undefined && { rank }) }),
});
