import { z } from "zod";
import { CORRECTIONS, chainRule } from "../chain-rule.ts";
import { methodEntry, numberOption } from "../method-entry.ts";

export const chainRuleEntry = methodEntry("chain-rule", {
  summary:
    "At the head a new token becomes its first piece, less likely by its share of the tokens that begin with it; at the input a fading sum of its pieces.",
  evidence:
    "the source model, which is run; a text like that it shall read and write, or what it writes itself",
  options: z.object({
    text: z.string().min(1).optional().describe("text (UTF-8) like that the model shall read and write"),
    written: numberOption(z.number())
      .optional()
      .describe("source tokens of text that the model writes itself; 40,000 without a text, 0 with one"),
    fade: numberOption(z.number()).default(0.5).describe("what a piece weighs at the input beside the next"),
    smoothing: numberOption(z.number()).default(0.1).describe("added to each token's count in the text"),
    correction: z
      .enum(CORRECTIONS)
      .optional()
      .describe(
        "none: the formula alone; map: rows turned for the states that new tokens give; contextual: and shares that depend on the state; contextual when not given",
      ),
    states: numberOption(z.number())
      .default(40_000)
      .describe("source tokens of the text that the layers read"),
    prior: numberOption(z.number())
      .default(30)
      .describe("with contextual: how many contexts the share without context is worth"),
  }),
  create: ({ text, written, correction, ...rest }) =>
    chainRule({
      ...rest,
      ...(text !== undefined && { text }),
      ...(written !== undefined && { written }),
      ...(correction && { correction }),
    }),
});
