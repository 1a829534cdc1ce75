import type { Role } from "@revocab/core";

/** How the pieces that spell a token are weighed against each other. */
export const WEIGHTINGS = ["uniform", "byte-length", "first-last", "front-loaded", "exponential"] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

export interface Spelling {
  /** [n] bytes of each piece, in reading order; n ≥ 1 */
  readonly byteLengths: readonly number[];
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
export function pieceWeights(weighting: Weighting, spelling: Spelling): Float64Array {
  const weights = Float64Array.from(unscaledWeights(weighting, spelling));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function unscaledWeights(weighting: Weighting, { byteLengths, role, decay }: Spelling): readonly number[] {
  const last = byteLengths.length - 1;
  const isInput = role === "input";
  const onlyLast = () => byteLengths.map((_, i) => Number(i === last));
  switch (weighting) {
    case "uniform":
      return byteLengths.map(() => 1);
    case "byte-length":
      return byteLengths;
    case "first-last":
      return isInput ? onlyLast() : byteLengths.map((_, i) => Number(i === 0));
    case "front-loaded":
      return isInput ? onlyLast() : byteLengths.map((_, i) => decay ** i);
    case "exponential":
      // From the heaviest piece down, so that e^{2i} cannot overflow on a spelling of 400 pieces.
      return byteLengths.map((_, i) => Math.exp(-2 * (isInput ? last - i : i)));
  }
}
