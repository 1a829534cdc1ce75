import { z } from "zod";
import { mean } from "../mean.ts";
import { type MethodEntry, methodEntry } from "../method-entry.ts";

export const meanEntry: MethodEntry = methodEntry("mean", {
  summary: "Each new token becomes the mean of all used source rows; all of them become the same row.",
  paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
  evidence: "none",
  options: z.object({}),
  create: mean,
});
