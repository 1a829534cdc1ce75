import { z } from "zod";
import { type MethodEntry, methodEntry } from "../method-entry.ts";
import { univariateNormal } from "../univariate-normal.ts";

export const univariateNormalEntry: MethodEntry = methodEntry("univariate-normal", {
  summary:
    "Each new token becomes a draw with the mean and variance the used source rows have in each dimension.",
  paper: "https://arxiv.org/abs/2112.06598",
  evidence: "none",
  options: z.object({}),
  create: univariateNormal,
});
