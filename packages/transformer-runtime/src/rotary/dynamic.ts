import { z } from "zod";
import { positive } from "../families/fields.ts";
import { badConfig, parseConfig } from "../families/parse-config.ts";
import { inverseFrequencies } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

/**
 * Beyond the context length θ grows with the sequence, so that slow columns slow down and fast ones hardly change
 * ("dynamic NTK"). The config's `max_position_embeddings` is the length before; the model is ready for `factor` times
 * that.
 */
export const dynamic: RotaryVariant = ({ theta, dimension, contextLength }, parameters, place) => {
  const { factor } = parseConfig(z.object({ factor: positive }), parameters, place);
  if (dimension <= 2) throw badConfig(place, "rope_type", "dynamic", "expected heads of more than 2 columns");
  return {
    contextLength: Math.max(contextLength, Math.floor(factor * contextLength)),
    frequencies(length) {
      const longest = Math.max(length, contextLength);
      const growth = (factor * longest) / contextLength - (factor - 1);
      const grown = theta * growth ** (dimension / (dimension - 2));
      return { inverse: inverseFrequencies(grown, dimension), factor: 1 };
    },
  };
};
