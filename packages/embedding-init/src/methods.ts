import { z } from "zod";
import { copyOverlap } from "./copy-overlap.ts";
import { focus } from "./focus.ts";
import { mean } from "./mean.ts";
import { type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { multivariateNormal } from "./multivariate-normal.ts";
import { ofa } from "./ofa.ts";
import { WEIGHTINGS } from "./piece-weights.ts";
import { random } from "./random.ts";
import { subtokenMean } from "./subtoken-mean.ts";
import { univariateNormal } from "./univariate-normal.ts";
import { wechsel } from "./wechsel.ts";
import { zero } from "./zero.ts";

const path = z.string().min(1);

const nearestOptions = {
  "source-vectors": path.describe("word vectors of the source's language (.bin, .vec)"),
  "target-vectors": path.describe("word vectors of the target's language"),
  dictionary: path
    .optional()
    .describe("word pairs, source TAB target; without it the spaces are one already"),
  neighbors: numberOption(z.number()).default(10).describe("source tokens in a row"),
  temperature: numberOption(z.number()).default(0.1).describe("weights are softmax(cosine / temperature)"),
};

function nearestInMeaningOptions({
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
  focus: methodEntry("focus", {
    summary:
      "Each new token becomes a sum of the shared tokens, by sparsemax of its cosines to them in static vectors of the target's tokens.",
    paper: "https://arxiv.org/abs/2305.14481",
    evidence: "target text, or vectors trained on it",
    options: z.object({
      text: path.optional().describe("target text (UTF-8): vectors are trained on it"),
      auxiliary: path.optional().describe("vectors that are trained already (.bin, .vec), instead of text"),
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
  }),
  wechsel: methodEntry("wechsel", {
    summary:
      "Each new token becomes the mean of the source tokens nearest in meaning, by word vectors of both languages in one space.",
    paper: "https://arxiv.org/abs/2112.06598",
    evidence: "word vectors of both languages, and a dictionary if they are not in one space",
    options: z.object({
      ...nearestOptions,
      from: z
        .enum(["ngrams", "words"])
        .optional()
        .describe("a token's vector is made of its n-grams (as .bin files allow), or of the words it is in"),
    }),
    create: ({ from, ...rest }) => wechsel({ ...nearestInMeaningOptions(rest), ...(from && { from }) }),
  }),
  ofa: methodEntry("ofa", {
    summary: "As wechsel, but a token's vector is always the mean of the words that are written with it.",
    paper: "https://arxiv.org/abs/2311.08849",
    evidence: "word vectors of both languages, and a dictionary if they are not in one space",
    options: z.object(nearestOptions),
    create: (options) => ofa(nearestInMeaningOptions(options)),
  }),
};
