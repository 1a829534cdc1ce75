import { z } from "zod";
import { copyOverlap } from "./copy-overlap.ts";
import { mean } from "./mean.ts";
import { type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { multivariateNormal } from "./multivariate-normal.ts";
import { WEIGHTINGS } from "./piece-weights.ts";
import { random } from "./random.ts";
import { subtokenMean } from "./subtoken-mean.ts";
import { univariateNormal } from "./univariate-normal.ts";
import { zero } from "./zero.ts";

/** The methods of this package by their names on the command line and in recipes. */
export const METHODS: Readonly<Record<string, MethodEntry>> = {
  "copy-overlap": methodEntry("copy-overlap", {
    summary:
      "Each token that both vocabularies have keeps its source row, bit for bit; others have no evidence.",
    evidence: "the two tokenizers",
    options: z.object({}),
    variants: [],
    create: copyOverlap,
  }),
  mean: methodEntry("mean", {
    summary: "Each new token becomes the mean of all used source rows; all of them become the same row.",
    paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
    evidence: "none",
    options: z.object({}),
    create: mean,
  }),
  random: methodEntry("random", {
    summary: "Each new token becomes a draw from N(0, s²), as before training; a head bias becomes 0.",
    evidence: "none",
    options: z.object({
      standardDeviation: numberOption(z.number().positive().optional())
        .optional()
        .describe("s; without it the model's own initializer_range"),
    }),
    create: ({ standardDeviation }) => random(standardDeviation === undefined ? {} : { standardDeviation }),
  }),
  "univariate-normal": methodEntry("univariate-normal", {
    summary:
      "Each new token becomes a draw with the mean and variance the used source rows have in each dimension.",
    paper: "https://arxiv.org/abs/2112.06598",
    evidence: "none",
    options: z.object({}),
    create: univariateNormal,
  }),
  "multivariate-normal": methodEntry("multivariate-normal", {
    summary:
      "Each new token becomes the mean of the used source rows plus a little noise of their covariance.",
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
  }),
  zero: methodEntry("zero", {
    summary: "Each new token becomes a row of zeros.",
    evidence: "none",
    options: z.object({}),
    variants: [],
    create: zero,
  }),
  "subtoken-mean": methodEntry("subtoken-mean", {
    summary: "Each new token becomes the weighted mean of the source tokens that spell it.",
    paper: "https://arxiv.org/abs/2402.09977",
    evidence: "the two tokenizers",
    options: z.object({
      weighting: z
        .enum(WEIGHTINGS)
        .default("uniform")
        .describe("how pieces are weighed; the last three make input and head rows differ"),
      decay: numberOption(z.number().min(0).max(1).optional())
        .optional()
        .describe(
          "with front-loaded: what each piece of a head row weighs beside the one before it; 0.5 when not given",
        ),
    }),
    variants: WEIGHTINGS.map((weighting) => ({ weighting })),
    create: ({ weighting, decay }) =>
      subtokenMean(decay === undefined ? { weighting } : { weighting, decay }),
  }),
};
