import { isJsonObject, type JsonObject } from "@revocab/checkpoint";
import type { RotaryDescription } from "../description.ts";
import type { LayerType } from "../families/fields.ts";
import { badConfig, type ConfigPlace } from "../families/parse-config.ts";
import { readRotary } from "./read-rotary.ts";

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
