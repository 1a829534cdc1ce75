import { z } from "zod";
import { domainTypes } from "../domain-types.ts";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { filePath } from "./file-path.ts";

export const domainTypesEntry: MethodEntry = methodEntry("domain-types", {
  summary:
    "Each new token becomes a mean of its spelling and of the known terms of its semantic types; others are their spelling.",
  paper: "https://arxiv.org/abs/2406.14312",
  evidence: "terms with semantic types",
  options: z.object({
    types: filePath.describe("terms with their types: lines of term TAB type,type, or .json"),
    weight: numberOption(z.number())
      .default(0.75)
      .describe("what the mean of many known terms weighs in a row; its spelling weighs the rest"),
    known: z
      .enum(["token", "spelling"])
      .default("token")
      .describe("a term is known that is one source token, or any that the source can spell"),
    case: z
      .enum(["exact", "any"])
      .default("exact")
      .describe("whether upper and lower case count where a token is looked up among the terms"),
    terms: numberOption(z.number())
      .default(256)
      .describe("known terms in a row at most, those that share most types first"),
  }),
  create: domainTypes,
});
