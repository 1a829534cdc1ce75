import type { LayerType } from "./fields.ts";
import { badConfig, type ConfigPlace } from "./parse-config.ts";

/**
 * What of the attention of each layer depends on its type: the window of sliding layers; nothing for those that see all.
 * @param types one per layer, or what to take where the config does not say
 * @throws RevocabError `bad_config` when there is not one type per layer, or no window for a sliding layer
 */
export function layerWindows(
  types: readonly LayerType[],
  layers: number,
  window: number | null,
  place: ConfigPlace,
): readonly { readonly window?: number }[] {
  if (types.length !== layers) {
    throw badConfig(place, "layer_types", types, `expected one type for each of the ${layers} layers`);
  }
  return types.map((type, i) => {
    if (type === "full_attention") return {};
    if (window === null) {
      throw badConfig(place, `layer_types.${i}`, type, "expected full_attention, for there is no window");
    }
    return { window };
  });
}
