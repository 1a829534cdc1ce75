import { z } from "zod";
import { layerNormWithBias, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width, window } from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(3072),
  intermediate_size: width.default(12288),
  num_hidden_layers: layers.default(30),
  num_attention_heads: heads.default(24),
  num_key_value_heads: heads.nullable().default(2),
  hidden_act: activation.default("gelu-tanh"),
  max_position_embeddings: length.default(4096),
  norm_epsilon: epsilon.default(1e-5),
  sliding_window: window.default(null),
  use_bias: z.boolean().default(true),
});

/**
 * StarCoder 2: Llama with layer norms, biases everywhere and a feed-forward layer without gate.
 * @see https://arxiv.org/abs/2402.19173
 */
export const starcoder2: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size, intermediate_size: inner, sliding_window, use_bias: hasBias } = config;
  const shape = { width: hidden_size, inner, activation: config.hidden_act, hasBias };
  const window = sliding_window === null ? {} : { window: sliding_window };
  return llamaLike(
    context,
    { ...config, rms_norm_eps: config.norm_epsilon },
    {
      attention: () => ({ rotary: "positions", ...window }),
      attentionBiases: { projection: hasBias, output: hasBias },
      norm: layerNormWithBias,
      feedForward: (_, name) => plainLayer(`${name}.mlp`, shape, ["c_fc", "c_proj"]),
    },
  );
};
