import { SYMMETRIZATIONS, splitPathPair, WORD_CUTS } from "@revocab/parallel-text";
import { z } from "zod";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { orElse } from "../or-else.ts";
import { subtokenMean } from "../subtoken-mean.ts";
import { transTokenization } from "../trans-tokenization.ts";
import { filePath } from "./file-path.ts";

export const transTokenizationEntry: MethodEntry = methodEntry("trans-tokenization", {
  summary:
    "Each new token becomes the mean of the source tokens that write the translations of its words, by word-aligned parallel text; what no text has is spelled.",
  paper: "https://arxiv.org/abs/2408.04303",
  evidence: "line-aligned parallel text",
  options: z.object({
    parallel: filePath.describe("two texts of which line i says the same, SOURCE:TARGET (en.txt:de.txt)"),
    alignments: filePath
      .optional()
      .describe("links of their words in Pharaoh's format; without it they are aligned here"),
    words: z
      .enum(WORD_CUTS)
      .optional()
      .describe("how lines are cut into words; whitespace with alignments, else unicode"),
    minCount: numberOption(z.number()).default(10).describe("pairs of words linked more rarely say nothing"),
    iterations: numberOption(z.number()).default(7).describe("of aligning"),
    symmetrize: z
      .enum(SYMMETRIZATIONS)
      .default("grow-diag-final-and")
      .describe("how the links of both directions become one"),
  }),
  create: ({ parallel, alignments, words, symmetrize, ...numbers }) =>
    orElse(
      transTokenization({
        parallel: splitPathPair(parallel),
        symmetrization: symmetrize,
        ...numbers,
        ...(alignments !== undefined && { alignments }),
        ...(words !== undefined && { words }),
      }),
      subtokenMean(),
    ),
});
