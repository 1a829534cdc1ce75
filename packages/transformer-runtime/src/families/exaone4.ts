import { z } from "zod";
import type { Family } from "./family.ts";
import { llamaConfig } from "./llama.ts";
import { headNorms, llamaLike } from "./llama-like.ts";
import { epsilon, layerTypes, layerWindows, parseConfig, slidingBut, window } from "./read-config.ts";

const schema = z.object({
  ...llamaConfig,
  attention_bias: z.literal(false).default(false),
  rms_norm_eps: epsilon.default(1e-5),
  sliding_window: window.default(4096),
  // How some configs write a pattern of four.
  sliding_window_pattern: z
    .union([z.int().min(0), z.literal("LLLG").transform(() => 4)])
    .nullable()
    .default(4),
  layer_types: layerTypes.nullish(),
});

/**
 * EXAONE 4: norms after attention and feed-forward layer, normalised queries and keys; where there are windows, the layers that see
 * all positions have no rotary embedding.
 * @see https://arxiv.org/abs/2507.11407
 */
export const exaone4: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { num_hidden_layers: count, sliding_window, sliding_window_pattern: pattern } = config;
  const seesAll = (i: number) => sliding_window === null || !pattern || (i + 1) % pattern === 0;
  const types = config.layer_types ?? slidingBut(seesAll, count);
  const windows = layerWindows(types, count, sliding_window, context);
  return llamaLike(context, config, {
    attention: (i, name, shape) => ({
      ...((sliding_window === null || types[i] === "sliding_attention") && { rotary: "positions" }),
      ...windows[i],
      ...headNorms(name, shape, config.rms_norm_eps),
    }),
    layerNorms: {
      afterAttention: "post_attention_layernorm",
      afterFeedForward: "post_feedforward_layernorm",
    },
  });
};
