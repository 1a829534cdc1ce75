import { z } from "zod";
import { layerNormWithBias, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import { headNorms, llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width } from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(2048),
  intermediate_size: width.default(8192),
  num_hidden_layers: layers.default(24),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullish(),
  hidden_act: activation.default("gelu-tanh"),
  max_position_embeddings: length.default(2048),
  layer_norm_eps: epsilon.default(1e-5),
  qk_layernorm: z.boolean().default(false),
});

/**
 * Phi 1, 1.5 and 2: attention and feed-forward layer read the same normalised input; heads turn half of their columns.
 * @see https://arxiv.org/abs/2306.11644
 */
export const phi: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size, intermediate_size: inner, hidden_act: activation, layer_norm_eps: eps } = config;
  const shape = { width: hidden_size, inner, activation, hasBias: true };
  return llamaLike(
    context,
    { ...config, rms_norm_eps: eps },
    {
      attention: (_, name, ofHeads) => ({
        rotary: "positions",
        ...(config.qk_layernorm &&
          headNorms(name, ofHeads, eps, layerNormWithBias, ["q_layernorm", "k_layernorm"])),
      }),
      attentionBiases: { projection: true, output: true },
      attentionOutput: "dense",
      feedForward: (_, name) => plainLayer(`${name}.mlp`, shape, ["fc1", "fc2"]),
      norm: layerNormWithBias,
      layerNorms: { beforeAttention: "input_layernorm", beforeFeedForward: "input_layernorm" },
      finalNorm: "final_layernorm",
      parallel: true,
      rotaryShare: 0.5,
    },
  );
};
