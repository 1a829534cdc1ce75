import { z } from "zod";
import { focus } from "../focus.ts";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { filePath } from "./file-path.ts";

export const focusEntry: MethodEntry = methodEntry("focus", {
  summary:
    "Each new token becomes a sum of the shared tokens, by sparsemax of its cosines to them in static vectors of the target's tokens.",
  paper: "https://arxiv.org/abs/2305.14481",
  evidence: "target text, or vectors trained on it",
  options: z.object({
    text: filePath.optional().describe("target text (UTF-8): vectors are trained on it"),
    auxiliary: filePath.optional().describe("vectors that are trained already (.bin, .vec), instead of text"),
    level: z
      .enum(["token", "word"])
      .default("token")
      .describe("whether the words of auxiliary are the target's tokens, or words"),
    dimension: numberOption(z.number()).default(100).describe("of vectors trained on text"),
    epochs: numberOption(z.number()).default(3).describe("of training on text"),
    minCount: numberOption(z.number())
      .default(10)
      .describe("tokens that the text has more rarely have a vector of their n-grams alone"),
  }),
  create: ({ text, auxiliary, ...rest }) =>
    focus({ ...rest, ...(text !== undefined && { text }), ...(auxiliary !== undefined && { auxiliary }) }),
});
