import { z } from "zod";
import {
  activation,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  length,
  width,
  window,
} from "./fields.ts";

/** What the configs of Qwen 2 and 3 have in common. */
export const qwenConfig = {
  hidden_size: width.default(4096),
  intermediate_size: width.default(22016),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(32),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(32_768),
  rms_norm_eps: epsilon.default(1e-6),
  use_sliding_window: z.boolean().default(false),
  sliding_window: window.default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes.nullish(),
};

/** The window, which a config may name without using it, and the types of layers: the first ones see all. */
export function qwenWindows(config: z.output<z.ZodObject<typeof qwenConfig>>): {
  readonly window: number | null;
  readonly types: readonly LayerType[];
} {
  const window = config.use_sliding_window ? config.sliding_window : null;
  const isSliding = (i: number) => window !== null && i >= config.max_window_layers;
  const types = Array.from(
    { length: config.num_hidden_layers },
    (_, i): LayerType => (isSliding(i) ? "sliding_attention" : "full_attention"),
  );
  return { window, types: config.layer_types ?? types };
}
