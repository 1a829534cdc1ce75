import { z } from "zod";
import { positive } from "../families/fields.ts";
import { badConfig, parseConfig } from "../families/parse-config.ts";
import { wavelengthsPerRadian } from "./inverse-frequencies.ts";
import type { RotaryVariant } from "./rotary-variant.ts";

const schema = z.object({
  factor: positive.nullable(),
  attention_factor: positive.nullish(),
  beta_fast: z.number().min(0).nullish(),
  beta_slow: z.number().min(0).nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().default(true),
});

/**
 * Columns that turn less than `beta_slow` times in the original length are divided by a factor, those that turn more
 * than `beta_fast` times left alone, with a ramp between; attention is sharpened by a factor on cosine and sine (YaRN).
 * @see https://arxiv.org/abs/2309.00071
 */
export const yarn: RotaryVariant = (base, parameters, place) => {
  const { theta, dimension, contextLength, originalLength } = base;
  if (theta <= 1) throw badConfig(place, "rope_theta", theta, "expected more than 1");
  const given = parseConfig(schema, parameters, place);
  const factor = given.factor ?? contextLength / originalLength;
  // Zero is no bound, as in the library.
  const [start, end] = rampOf(given.beta_fast || 32, given.beta_slow || 1, base, given.truncate);
  const inverse = wavelengthsPerRadian(theta, dimension).map((wavelength, i) => {
    const ramp = Math.min(1, Math.max(0, Math.fround((i - start) / (end - start))));
    const fast = Math.fround(1 / wavelength);
    const slow = Math.fround(1 / Math.fround(factor * wavelength));
    return slow * ramp + fast * Math.fround(1 - ramp);
  });
  const result = { inverse, factor: given.attention_factor ?? sharpening(factor, given) };
  return { frequencies: () => result };
};

/** Columns [start, end) between those that are left alone and those that are divided. */
function rampOf(
  fast: number,
  slow: number,
  { theta, dimension, originalLength }: { theta: number; dimension: number; originalLength: number },
  truncate: boolean,
): readonly [number, number] {
  const columnThatTurns = (times: number) =>
    (dimension * Math.log(originalLength / (times * 2 * Math.PI))) / (2 * Math.log(theta));
  const first = columnThatTurns(fast);
  const last = columnThatTurns(slow);
  const start = Math.max(truncate ? Math.floor(first) : first, 0);
  const end = Math.min(truncate ? Math.ceil(last) : last, dimension - 1);
  return [start, start === end ? end + 0.001 : end];
}

function sharpening(
  factor: number,
  { mscale, mscale_all_dim: overall }: Pick<z.output<typeof schema>, "mscale" | "mscale_all_dim">,
): number {
  const by = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  return mscale && overall ? by(mscale) / by(overall) : by(1);
}
