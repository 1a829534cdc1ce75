import { z } from "zod";
import { numberOption } from "../method-entry.ts";
import { filePath } from "./file-path.ts";

/** What WECHSEL and OFA are asked alike. */
export const nearestOptions = {
  "source-vectors": filePath.describe("word vectors of the source's language (.bin, .vec)"),
  "target-vectors": filePath.describe("word vectors of the target's language"),
  dictionary: filePath
    .optional()
    .describe("word pairs, source TAB target; without it the spaces are one already"),
  neighbors: numberOption(z.number()).default(10).describe("source tokens in a row"),
  temperature: numberOption(z.number()).default(0.1).describe("weights are softmax(cosine / temperature)"),
};

/** The same as the methods take them. */
export function nearestInMeaningOptions({
  "source-vectors": sourceVectors,
  "target-vectors": targetVectors,
  dictionary,
  ...rest
}: {
  "source-vectors": string;
  "target-vectors": string;
  dictionary?: string | undefined;
  neighbors: number;
  temperature: number;
}) {
  return { sourceVectors, targetVectors, ...rest, ...(dictionary !== undefined && { dictionary }) };
}
