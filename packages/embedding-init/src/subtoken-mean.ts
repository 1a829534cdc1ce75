import { type MixtureMethod, RevocabError, type Role } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { calibratedNorms } from "./calibrated-norms.ts";
import { checkOption, checkWord, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";

export interface SubtokenMeanOptions {
  /**
   * - `uniform`: every piece the same (FVT);
   * - `byte-length`: by the bytes a piece stands for (WVT);
   * - `first-last`: the last piece for the input, the first for the head;
   * - `front-loaded`: the last piece for the input; for the head, piece i weighs `decay`^i (transplant-vocab);
   * - `exponential`: ∝ e^{2i} for the input, ∝ e^{−2i} for the head (AdaptiVocab);
   * - `head-byte-length`: every piece the same for the input, by its bytes for the head; with `norms: "calibrated"` the start that trained
   *   best of 20 (arXiv 2608.03494).
   * @default "uniform"
   */
  readonly weighting?: Weighting;
  /** Only with `front-loaded`, 0 … 1: 0 is the first piece alone, 1 the plain mean. @default 0.5 */
  readonly decay?: number;
  /**
   * - `kept`: rows are the means as they are;
   * - `calibrated`: input rows of several pieces get the median norm of the source's rows, and so differ from head rows.
   * @default "kept"
   */
  readonly norms?: Norms;
}

/**
 * Each new token becomes the weighted mean of the source tokens that spell it; a token that the source has in one piece
 * is that piece, bit for bit.
 *
 * The weightings by role follow from what a row is for: at the input the model reads on from where the last piece ended,
 * at the head it must predict the first piece. A head bias takes the weights of the head.
 *
 * Departures: a token that cannot be spelled gets no row (the FVT reference writes NaN); neither do specials,
 * because their string is no text; a piece that occurs twice in a spelling counts twice, as one source with both weights; lengths are
 * bytes where the papers count characters, for a piece may be a part of one.
 * @see https://arxiv.org/abs/2402.09977 (FVT), https://arxiv.org/abs/2503.19693 (AdaptiVocab),
 *   https://github.com/jukofyork/transplant-vocab (front-loaded)
 * @throws RevocabError bad_options for an unknown weighting or norm, a decay outside [0, 1] or one that the weighting does not use
 */
export function subtokenMean({
  weighting = "uniform",
  decay,
  norms = "kept",
}: SubtokenMeanOptions = {}): MixtureMethod {
  checkOptions(weighting, decay);
  checkWord("norms", norms, NORMS);
  const method = weightedMean(weighting, decay ?? 0.5);
  return norms === "kept" ? method : calibratedNorms(method);
}

function weightedMean(weighting: Weighting, decay: number): MixtureMethod {
  return {
    kind: "mixture",
    name: "subtoken-mean",
    paper: PAPERS[weighting],
    weights: "convex",
    differsByRole: differsByRole(weighting),
    options: weighting === "front-loaded" ? { weighting, decay } : { weighting },
    async prepare({ alignment, source, target }) {
      const { sourceOf, pieceOffsets, pieces } = alignment;
      return {
        mixture(tokens, { role }) {
          const builder = new MixtureBuilder();
          for (const token of tokens) {
            const start = pieceOffsets[token];
            const count = pieceOffsets[token + 1] - start;
            if (target.vocabulary.kindOf(token) === "special") builder.addEmpty();
            else if (sourceOf[token] >= 0) builder.addRow([sourceOf[token]], [1]);
            else if (count === 0) builder.addEmpty();
            else {
              const byteLengthOf = (i: number) => source.vocabulary.bytesOf(pieces[start + i]).length;
              const weights = pieceWeights(weighting, { count, byteLengthOf, role, decay });
              addMean(builder, (i) => pieces[start + i], weights);
            }
          }
          return builder.build();
        },
      };
    },
  };
}

const PAPERS: Readonly<Record<Weighting, string>> = {
  uniform: "https://arxiv.org/abs/2402.09977",
  "byte-length": "https://arxiv.org/abs/2402.09977",
  "first-last": "https://github.com/jukofyork/transplant-vocab",
  "front-loaded": "https://github.com/jukofyork/transplant-vocab",
  exponential: "https://arxiv.org/abs/2503.19693",
  "head-byte-length": "https://arxiv.org/abs/2608.03494",
};

/** Adds one row: repeated pieces as one source, pieces whose weight is 0 in f32 not at all. */
function addMean(builder: MixtureBuilder, pieceAt: (i: number) => number, weights: readonly number[]): void {
  const sources: number[] = [];
  const sums: number[] = [];
  for (const [i, weight] of weights.entries()) {
    if (Math.fround(weight) === 0) continue;
    const known = sources.indexOf(pieceAt(i));
    if (known >= 0) sums[known] += weight;
    else {
      sources.push(pieceAt(i));
      sums.push(weight);
    }
  }
  builder.addRow(sources, sources.length === 1 ? [1] : sums);
}

function checkOptions(weighting: Weighting, decay: number | undefined): void {
  if (!WEIGHTINGS.includes(weighting)) {
    throw new RevocabError("bad_options", `weighting is "${weighting}", expected ${WEIGHTINGS.join(", ")}`);
  }
  if (decay === undefined) return;
  checkOption("decay", decay, decay >= 0 && decay <= 1, "a number from 0 to 1");
  if (weighting !== "front-loaded") {
    throw new RevocabError(
      "bad_options",
      `decay was given, which the weighting "${weighting}" does not use`,
      {
        hint: 'leave decay out, or choose weighting "front-loaded"',
      },
    );
  }
}

/** How the pieces that spell a token are weighed against each other. */
export const WEIGHTINGS = [
  "uniform",
  "byte-length",
  "first-last",
  "front-loaded",
  "exponential",
  "head-byte-length",
] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

const NORMS = ["kept", "calibrated"] as const;
type Norms = (typeof NORMS)[number];

export interface Spelling {
  /** Pieces in the spelling, ≥ 1. */
  readonly count: number;
  /** Bytes of the i-th piece in reading order; only weightings by length ask. */
  readonly byteLengthOf: (i: number) => number;
  readonly role: Role;
  /** Only for `front-loaded`: each piece of the head row weighs this much of the one before it. */
  readonly decay: number;
}

/** The weightings whose rows differ between input and head. */
export function differsByRole(weighting: Weighting): boolean {
  return weighting !== "uniform" && weighting !== "byte-length";
}

/**
 * The weights of the pieces of one spelling, [n], ≥ 0 with sum 1.
 *
 * Example, two pieces of 3 and 1 bytes, input | head: uniform ½ ½ | ½ ½; byte-length ¾ ¼ | ¾ ¼; first-last 0 1 | 1 0;
 * front-loaded with decay ½ 0 1 | ⅔ ⅓; exponential 0.12 0.88 | 0.88 0.12; head-byte-length ½ ½ | ¾ ¼.
 */
export function pieceWeights(weighting: Weighting, spelling: Spelling): number[] {
  const weightOf = unscaledWeight(weighting, spelling);
  const weights: number[] = [];
  let total = 0;
  for (let i = 0; i < spelling.count; i++) {
    weights.push(weightOf(i));
    total += weights[i];
  }
  for (let i = 0; i < spelling.count; i++) weights[i] /= total;
  return weights;
}

function unscaledWeight(
  weighting: Weighting,
  { count, byteLengthOf, role, decay }: Spelling,
): (i: number) => number {
  const last = count - 1;
  const isInput = role === "input";
  const onlyLast = (i: number) => Number(i === last);
  switch (weighting) {
    case "uniform":
      return () => 1;
    case "byte-length":
      return byteLengthOf;
    case "first-last":
      return isInput ? onlyLast : (i) => Number(i === 0);
    case "front-loaded":
      return isInput ? onlyLast : (i) => decay ** i;
    case "exponential":
      // From the heaviest piece down, so that e^{2i} cannot overflow on a spelling of 400 pieces.
      return (i) => Math.exp(-2 * (isInput ? last - i : i));
    case "head-byte-length":
      return isInput ? () => 1 : byteLengthOf;
  }
}

export const subtokenMeanEntry: MethodEntry = methodEntry("subtoken-mean", {
  summary: "Each new token becomes the weighted mean of the source tokens that spell it.",
  paper: "https://arxiv.org/abs/2402.09977",
  evidence: "the two tokenizers",
  options: z.object({
    weighting: z
      .enum(WEIGHTINGS)
      .default("uniform")
      .describe("how pieces are weighed; all but the first two make input and head rows differ"),
    decay: numberOption(z.number().min(0).max(1).optional())
      .optional()
      .describe(
        "with front-loaded: what each piece of a head row weighs beside the one before it; 0.5 when not given",
      ),
    norms: z
      .enum(NORMS)
      .default("kept")
      .describe("calibrated: input rows of several pieces get the median norm of the source's rows"),
  }),
  preference: { rank: 1, given: [] },
  variants: WEIGHTINGS.map((weighting) =>
    weighting === "head-byte-length" ? { weighting, norms: "calibrated" } : { weighting },
  ),
  create: ({ weighting, decay, norms }) =>
    subtokenMean({ weighting, norms, ...(decay !== undefined && { decay }) }),
});
