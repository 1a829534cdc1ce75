import type { Role } from "@revocab/core";

/** How the pieces that spell a token are weighed against each other. */
export const WEIGHTINGS = ["uniform", "byte-length", "first-last", "front-loaded", "exponential"] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

export interface Spelling {
  /** Pieces in the spelling, ≥ 1. */
  readonly count: number;
  /** Bytes of the i-th piece in reading order; only `byte-length` asks. */
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
 * front-loaded with decay ½ 0 1 | ⅔ ⅓; exponential 0.12 0.88 | 0.88 0.12.
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
  }
}
