import type { JsonObject } from "@revocab/checkpoint";
import { z } from "zod";
import type { RotaryDescription } from "../description.ts";
import { badConfig, type ConfigPlace, parseConfig, positive } from "../families/read-config.ts";

/** What every kind of rotary embedding is made from. */
interface RotaryBase {
  /** Columns of a head that turn. */
  readonly dimension: number;
  /** θ: column i of a head turns by position · θ^(−2i / dimension). */
  readonly theta: number;
  /** `max_position_embeddings` */
  readonly contextLength: number;
  /** The longest sequence before the model was made to take longer ones. */
  readonly originalLength: number;
}

/**
 * One way of changing the angles so that a model takes longer sequences than it was first trained with. All compute in
 * f32 where the reference library does, step by step, for at position 100,000 the last bit of an angle is 0.01 radians.
 * @param parameters the part of the config that the scaling reads its numbers from
 * @param place where that part stands, for messages
 * @see transformers/modeling_rope_utils.py, whose figures the fixtures in test/ hold
 * @throws RevocabError `bad_config`
 */
export type RotaryScaling = (
  base: RotaryBase,
  parameters: JsonObject,
  place: ConfigPlace,
) => Omit<RotaryDescription, "dimension">;

/**
 * The angles as they were first proposed.
 * @see https://arxiv.org/abs/2104.09864
 */
const unscaled: RotaryScaling = ({ theta, dimension }) => {
  const inverse = inverseFrequencies(theta, dimension);
  return { frequencies: () => ({ inverse, factor: 1 }) };
};

/**
 * All angles are divided by a factor: positions are squeezed into the range that the model knows.
 * @see https://arxiv.org/abs/2306.15595
 */
const linear: RotaryScaling = ({ theta, dimension }, parameters, place) => {
  const { factor } = parseConfig(z.object({ factor: positive }), parameters, place);
  const inverse = inverseFrequencies(theta, dimension).map((value) => value / Math.fround(factor));
  return { frequencies: () => ({ inverse, factor: 1 }) };
};

/**
 * Beyond the context length θ grows with the sequence, so that slow columns slow down and fast ones hardly change
 * ("dynamic NTK"). The config's `max_position_embeddings` is the length before; the model is ready for `factor` times
 * that.
 */
const dynamic: RotaryScaling = ({ theta, dimension, contextLength }, parameters, place) => {
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

const llama3Schema = z.object({ factor: positive, low_freq_factor: positive, high_freq_factor: positive });

/**
 * Columns that turn slowly are divided by a factor, fast ones left alone, those between mixed from both (Llama 3.1).
 * @see https://arxiv.org/abs/2407.21783
 */
const llama3: RotaryScaling = ({ theta, dimension, originalLength }, parameters, place) => {
  const {
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
  } = parseConfig(llama3Schema, parameters, place);
  if (high < low) throw badConfig(place, "high_freq_factor", high, `expected at least ${low}`);
  const inverse = inverseFrequencies(theta, dimension).map((value) => {
    const wavelength = Math.fround((2 * Math.PI) / value);
    if (wavelength < originalLength / high) return value;
    const slowed = Math.fround(value / factor);
    if (wavelength > originalLength / low || high === low) return slowed; // Llama 4 Scout mixes none
    const smooth = Math.fround((originalLength / wavelength - low) / (high - low));
    return (1 - smooth) * slowed + smooth * value;
  });
  return { frequencies: () => ({ inverse, factor: 1 }) };
};

const yarnSchema = z.object({
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
const yarn: RotaryScaling = (base, parameters, place) => {
  const { theta, dimension, contextLength, originalLength } = base;
  if (theta <= 1) throw badConfig(place, "rope_theta", theta, "expected more than 1");
  const given = parseConfig(yarnSchema, parameters, place);
  const factor = given.factor ?? contextLength / originalLength;
  // Zero is no bound, as in the library.
  const [start, end] = rampOf(given.beta_fast || 32, given.beta_slow || 1, base, given.truncate);
  const inverse = wavelengthsPerRadian(theta, dimension).map((wavelength, i) => {
    const ramp = Math.min(1, Math.max(0, Math.fround((i - start) / (end - start))));
    const fast = Math.fround(1 / wavelength);
    const slow = Math.fround(1 / Math.fround(factor * wavelength));
    return slow * ramp + fast * Math.fround(1 - ramp);
  });
  const result = { inverse, factor: given.attention_factor ?? yarnSharpening(factor, given) };
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

function yarnSharpening(
  factor: number,
  { mscale, mscale_all_dim: overall }: Pick<z.output<typeof yarnSchema>, "mscale" | "mscale_all_dim">,
): number {
  const by = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  return mscale && overall ? by(mscale) / by(overall) : by(1);
}

/**
 * Each column is divided by a factor of its own, found by search: by a short one up to the original length, by a long
 * one in sequences beyond it (LongRoPE).
 * @see https://arxiv.org/abs/2402.13753
 */
const longrope: RotaryScaling = (base, parameters, place) => {
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
  const factor = given.attention_factor ?? longropeSharpening(growth, originalLength);
  const wavelengths = wavelengthsPerRadian(theta, dimension);
  const divided = (by: readonly number[]) =>
    wavelengths.map((wavelength, i) => 1 / Math.fround(Math.fround(by[i]) * wavelength));
  const short = { inverse: divided(given.short_factor), factor };
  const long = { inverse: divided(given.long_factor), factor };
  return { frequencies: (length) => (length > originalLength ? long : short) };
};

function longropeSharpening(growth: number, originalLength: number): number {
  return growth <= 1 ? 1 : Math.sqrt(1 + Math.log(growth) / Math.log(originalLength));
}

/** Scalings by their names in configs. */
export const SCALINGS: Readonly<Record<string, RotaryScaling>> = {
  default: unscaled,
  linear,
  dynamic,
  llama3,
  yarn,
  longrope,
};

/** θ^(2i / dimension) in f32, [dimension / 2]: how many positions column i takes to turn by one radian. */
function wavelengthsPerRadian(theta: number, dimension: number): Float32Array {
  return Float32Array.from(
    { length: dimension / 2 },
    (_, i) => Math.fround(theta) ** Math.fround((2 * i) / dimension),
  );
}

/** θ^(−2i / dimension) in f32, [dimension / 2]: radians per position. */
function inverseFrequencies(theta: number, dimension: number): Float32Array {
  return wavelengthsPerRadian(theta, dimension).map((value) => 1 / value);
}
