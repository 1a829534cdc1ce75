import { z } from "zod";
import { positive } from "../families/fields.ts";
import { badConfig, parseConfig } from "../families/parse-config.ts";
import { inverseFrequencies } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

const schema = z.object({ factor: positive, low_freq_factor: positive, high_freq_factor: positive });

/**
 * Columns that turn slowly are divided by a factor, fast ones left alone, those between mixed from both (Llama 3.1).
 * @see https://arxiv.org/abs/2407.21783
 */
export const llama3: RotaryVariant = ({ theta, dimension, originalLength }, parameters, place) => {
  const { factor, low_freq_factor: low, high_freq_factor: high } = parseConfig(schema, parameters, place);
  if (high <= low) throw badConfig(place, "high_freq_factor", high, `expected more than ${low}`);
  const inverse = inverseFrequencies(theta, dimension).map((value) => {
    const wavelength = Math.fround((2 * Math.PI) / value);
    if (wavelength < originalLength / high) return value;
    const slowed = Math.fround(value / factor);
    if (wavelength > originalLength / low) return slowed;
    const smooth = Math.fround((originalLength / wavelength - low) / (high - low));
    return (1 - smooth) * slowed + smooth * value;
  });
  return { frequencies: () => ({ inverse, factor: 1 }) };
};
