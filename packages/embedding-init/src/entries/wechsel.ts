import { z } from "zod";
import { type MethodEntry, methodEntry } from "../method-entry.ts";
import { wechsel } from "../wechsel.ts";
import { nearestInMeaningOptions, nearestOptions } from "./nearest-options.ts";

export const wechselEntry: MethodEntry = methodEntry("wechsel", {
  summary:
    "Each new token becomes the mean of the source tokens nearest in meaning, by word vectors of both languages in one space.",
  paper: "https://arxiv.org/abs/2112.06598",
  evidence: "word vectors of both languages, and a dictionary if they are not in one space",
  options: z.object({
    ...nearestOptions,
    from: z
      .enum(["ngrams", "words"])
      .optional()
      .describe("a token's vector is made of its n-grams (as .bin files allow), or of the words it is in"),
  }),
  create: ({ from, ...rest }) => wechsel({ ...nearestInMeaningOptions(rest), ...(from && { from }) }),
});
