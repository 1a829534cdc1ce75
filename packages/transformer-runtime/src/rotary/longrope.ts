import { z } from "zod";
import { positive } from "../families/fields.ts";
import { parseConfig } from "../families/parse-config.ts";
import { wavelengthsPerRadian } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

/**
 * Each column is divided by a factor of its own, found by search: by a short one up to the original length, by a long
 * one in sequences beyond it (LongRoPE).
 * @see https://arxiv.org/abs/2402.13753
 */
export const longrope: RotaryVariant = (base, parameters, place) => {
  const { theta, dimension, contextLength, originalLength } = base;
  const factors = z.array(positive).length(dimension / 2);
  const schema = z.object({
    short_factor: factors,
    long_factor: factors,
    factor: positive.nullish(),
    attention_factor: positive.nullish(),
  });
  const given = parseConfig(schema, parameters, place);
  const growth = given.factor ?? contextLength / originalLength;
  const factor = given.attention_factor ?? sharpening(growth, originalLength);
  const wavelengths = wavelengthsPerRadian(theta, dimension);
  const divided = (by: readonly number[]) =>
    wavelengths.map((wavelength, i) => 1 / Math.fround(Math.fround(by[i]) * wavelength));
  const short = { inverse: divided(given.short_factor), factor };
  const long = { inverse: divided(given.long_factor), factor };
  return { frequencies: (length) => (length > originalLength ? long : short) };
};

function sharpening(growth: number, originalLength: number): number {
  return growth <= 1 ? 1 : Math.sqrt(1 + Math.log(growth) / Math.log(originalLength));
}
