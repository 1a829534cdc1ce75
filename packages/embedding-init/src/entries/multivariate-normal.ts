import { z } from "zod";
import { type MethodEntry, methodEntry, numberOption } from "../method-entry.ts";
import { multivariateNormal } from "../multivariate-normal.ts";

export const multivariateNormalEntry: MethodEntry = methodEntry("multivariate-normal", {
  summary: "Each new token becomes the mean of the used source rows plus a little noise of their covariance.",
  paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
  evidence: "none",
  options: z.object({
    epsilon: numberOption(z.number().positive())
      .default(1e-9)
      .describe(
        "the share of the covariance that the noise keeps (1e-9 in transformers, 1e-5 in Hewitt's note)",
      ),
  }),
  create: multivariateNormal,
});
