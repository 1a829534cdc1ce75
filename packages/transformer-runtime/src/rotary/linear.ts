import { z } from "zod";
import { positive } from "../families/fields.ts";
import { parseConfig } from "../families/parse-config.ts";
import { inverseFrequencies } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

/**
 * All angles are divided by a factor: positions are squeezed into the range that the model knows.
 * @see https://arxiv.org/abs/2306.15595
 */
export const linear: RotaryVariant = ({ theta, dimension }, parameters, place) => {
  const { factor } = parseConfig(z.object({ factor: positive }), parameters, place);
  const inverse = inverseFrequencies(theta, dimension).map((value) => value / Math.fround(factor));
  return { frequencies: () => ({ inverse, factor: 1 }) };
};
