import { z } from "zod";
import type { Family, FamilyContext } from "./family.ts";
import { headNorms, layerWindows, llamaLike } from "./llama-like.ts";
import {
  activation,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  length,
  parseConfig,
  width,
  window,
} from "./read-config.ts";

/** What the configs of Qwen 2 and 3 have in common. */
const qwenConfig = {
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

const qwen2Schema = z.object({ ...qwenConfig, head_dim: width.nullish() });

/**
 * Qwen 2 and 2.5: Llama with biases on queries, keys and values, whose later layers may see a window.
 * @see https://arxiv.org/abs/2407.10671
 */
export const qwen2: Family = (context) => {
  const config = parseConfig(qwen2Schema, context.config, context);
  const windows = windowsOf(config, context);
  return llamaLike(context, config, {
    attention: (i) => ({ rotary: "positions", ...windows[i] }),
    attentionBiases: { projection: true, output: false },
  });
};

const qwen3Schema = z.object({
  ...qwenConfig,
  head_dim: width.default(128),
  attention_bias: z.boolean().default(false),
});

/**
 * Qwen 3: Llama with heads of a width of their own, whose queries and keys are normalised before they turn.
 * @see https://arxiv.org/abs/2505.09388
 */
export const qwen3: Family = (context) => {
  const config = parseConfig(qwen3Schema, context.config, context);
  const windows = windowsOf(config, context);
  return llamaLike(context, config, {
    attention: (i, name, shape) => ({
      rotary: "positions",
      ...windows[i],
      ...headNorms(name, shape, config.rms_norm_eps),
    }),
  });
};

/** The first layers see all positions; a config may name a window without using it. */
function windowsOf(config: z.output<z.ZodObject<typeof qwenConfig>>, context: FamilyContext) {
  const window = config.use_sliding_window ? config.sliding_window : null;
  const isSliding = (i: number) => window !== null && i >= config.max_window_layers;
  const types = Array.from(
    { length: config.num_hidden_layers },
    (_, i): LayerType => (isSliding(i) ? "sliding_attention" : "full_attention"),
  );
  return layerWindows(config.layer_types ?? types, config.num_hidden_layers, window, context);
}
