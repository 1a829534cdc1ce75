import { isJsonObject, type JsonObject, type JsonValue } from "@revocab/checkpoint";
import { z } from "zod";
import type { RotaryDescription } from "../description.ts";
import { length, positive } from "../families/fields.ts";
import { badConfig, type ConfigPlace, parseConfig } from "../families/parse-config.ts";
import { dynamic } from "./dynamic.ts";
import { linear } from "./linear.ts";
import { llama3 } from "./llama3.ts";
import { longrope } from "./longrope.ts";
import type { RotaryVariant } from "./rotary-variant.ts";
import { unscaled } from "./unscaled.ts";
import { yarn } from "./yarn.ts";

const VARIANTS: Readonly<Record<string, RotaryVariant>> = {
  default: unscaled,
  linear,
  dynamic,
  llama3,
  yarn,
  longrope,
};

/** What a config says of a rotary embedding outside of `rope_parameters`, and what holds where it says nothing. */
export interface RotaryDefaults {
  readonly headWidth: number;
  readonly contextLength: number;
  readonly theta: number;
  /** The share of a head's columns that turn. @default 1, and nothing else is allowed */
  readonly share?: number;
  /** Beyond which sequences are long; without it, what `rope_parameters` says. */
  readonly originalLength?: number | undefined;
  /** Other names of variants. */
  readonly aliases?: Readonly<Record<string, string>>;
}

const schema = z.object({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  partial_rotary_factor: positive.max(1).nullish(),
  original_max_position_embeddings: length.nullish(),
});

/**
 * Reads `rope_parameters` (transformers 5) or `rope_scaling` (before), as `ropeParameters` has found it.
 * @throws RevocabError `bad_config`
 */
export function readRotary(
  parameters: JsonObject,
  { headWidth, contextLength, theta, share, originalLength, aliases = {} }: RotaryDefaults,
  place: ConfigPlace,
): RotaryDescription {
  const nested = Object.keys(parameters).find((key) => isJsonObject(parameters[key]));
  if (nested !== undefined)
    throw badConfig(place, nested, parameters[nested], "expected the same for all layers");
  const given = parseConfig(schema, parameters, place);
  const written = given.rope_type ?? given.type ?? "default";
  const kind = aliases[written] ?? written;
  if (!Object.hasOwn(VARIANTS, kind)) {
    const known = Object.keys(VARIANTS).join(", ");
    throw badConfig(place, given.rope_type ? "rope_type" : "type", written, `expected one of ${known}`);
  }
  const turning = given.partial_rotary_factor ?? share ?? 1;
  if (share === undefined && turning !== 1) {
    throw badConfig(place, "partial_rotary_factor", turning, "expected 1, all columns of a head");
  }
  const dimension = Math.trunc(headWidth * turning);
  if (dimension < 2 || dimension % 2 !== 0) {
    const expected = `expected an even number of columns to turn; of ${headWidth} there would be ${dimension}`;
    throw badConfig(place, "partial_rotary_factor", turning, expected);
  }
  const base = {
    dimension,
    theta: given.rope_theta ?? theta,
    contextLength,
    originalLength: originalLength ?? given.original_max_position_embeddings ?? contextLength,
  };
  return { dimension, ...VARIANTS[kind](base, parameters, place) };
}

/**
 * The part of a config that says how positions turn, or an empty one where it says nothing.
 * @throws RevocabError `bad_config` when it is no object
 */
export function ropeParameters(
  config: JsonObject,
  { path }: ConfigPlace,
): { readonly parameters: JsonObject; readonly place: ConfigPlace } {
  for (const at of ["rope_scaling", "rope_parameters"] as const) {
    const value: JsonValue | undefined = config[at];
    if (value === undefined || value === null) continue;
    if (!isJsonObject(value)) throw badConfig({ path }, at, value, "expected an object");
    if (Object.keys(value).length > 0) return { parameters: value, place: { path, at } };
  }
  return { parameters: {}, place: { path, at: "rope_parameters" } };
}
