import { z } from "zod";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { random } from "../random.ts";

export const randomEntry: MethodEntry = methodEntry("random", {
  summary: "Each new token becomes a draw from N(0, s²), as before training; a head bias becomes 0.",
  evidence: "none",
  options: z.object({
    standardDeviation: numberOption(z.number().positive().optional())
      .optional()
      .describe("s; without it the model's own initializer_range"),
  }),
  create: ({ standardDeviation }) => random(standardDeviation === undefined ? {} : { standardDeviation }),
});
