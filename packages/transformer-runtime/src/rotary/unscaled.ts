import { inverseFrequencies } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

/**
 * The angles as they were first proposed.
 * @see https://arxiv.org/abs/2104.09864
 */
export const unscaled: RotaryVariant = ({ theta, dimension }) => {
  const inverse = inverseFrequencies(theta, dimension);
  return { frequencies: () => ({ inverse, factor: 1 }) };
};
