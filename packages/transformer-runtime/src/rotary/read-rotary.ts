import type { JsonObject, JsonValue } from "@revocab/checkpoint";
import { isJsonObject } from "@revocab/checkpoint/internal";
import { z } from "zod";
import type { RotaryDescription } from "../description.ts";
import {
  badConfig,
  type ConfigPlace,
  type LayerType,
  length,
  parseConfig,
  positive,
} from "../families/read-config.ts";
import { SCALINGS } from "./rotary-scalings.ts";

/** What a config says of a rotary embedding outside of `rope_parameters`, and what holds where it says nothing. */
export interface RotaryDefaults {
  readonly headWidth: number;
  readonly contextLength: number;
  readonly theta: number;
  /** The share of a head's columns that turn. @default 1, and nothing else is allowed */
  readonly share?: number | undefined;
  /** Beyond which sequences are long; without it, what `rope_parameters` says. */
  readonly originalLength?: number | undefined;
  /** Other names of scalings. */
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
  if (!Object.hasOwn(SCALINGS, kind)) {
    const known = Object.keys(SCALINGS).join(", ");
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
  return { dimension, ...SCALINGS[kind](base, parameters, place) };
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

const TYPES = ["full_attention", "sliding_attention"] as const satisfies readonly LayerType[];

/**
 * The rotary embeddings of a model whose layers of either type have their own, named after the type.
 * `rope_parameters` (transformers 5) has one for each type; before, there was one `rope_scaling` for those in `scaled`.
 * @throws RevocabError `bad_config`
 */
export function layeredRotary(
  { config, path }: { readonly config: JsonObject } & ConfigPlace,
  {
    thetas,
    scaled,
    ...lengths
  }: {
    readonly headWidth: number;
    readonly contextLength: number;
    /** Where `rope_parameters` does not say it. */
    readonly thetas: Readonly<Record<LayerType, number>>;
    readonly scaled: readonly LayerType[];
  },
): Record<LayerType, RotaryDescription> {
  const parameters = objectAt(config, "rope_parameters", { path });
  const unknown = Object.keys(parameters).find((key) => !(TYPES as readonly string[]).includes(key));
  if (unknown !== undefined) {
    const place = { path, at: "rope_parameters" };
    throw badConfig(place, unknown, parameters[unknown], `expected ${TYPES.join(" and ")} only`);
  }
  const scaling = objectAt(config, "rope_scaling", { path });
  const read = (type: LayerType) => {
    const own = objectAt(parameters, type, { path, at: "rope_parameters" });
    const all = scaled.includes(type) ? { ...own, ...scaling } : own;
    const at = Object.keys(own).length > 0 ? `rope_parameters.${type}` : "rope_scaling";
    return readRotary(all, { ...lengths, theta: thetas[type] }, { path, at });
  };
  return { full_attention: read("full_attention"), sliding_attention: read("sliding_attention") };
}

function objectAt(config: JsonObject, key: string, place: ConfigPlace): JsonObject {
  const value = config[key] ?? {};
  if (!isJsonObject(value)) throw badConfig(place, key, value, "expected an object");
  return value;
}
