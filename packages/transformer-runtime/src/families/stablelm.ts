import { z } from "zod";
import { layerNormWithBias } from "./blocks.ts";
import type { Family } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import { absent, activation, epsilon, heads, layers, length, parseConfig, width } from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(2560),
  intermediate_size: width.default(6912),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(32),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(4096),
  layer_norm_eps: epsilon.default(1e-5),
  use_qkv_bias: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(false),
  qk_layernorm: absent,
});

/**
 * StableLM 3B and 2-1.6B: Llama with layer norms, whose heads turn a quarter of their columns.
 * @see https://arxiv.org/abs/2402.17834
 */
export const stablelm: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const isParallel = config.use_parallel_residual;
  return llamaLike(
    context,
    { ...config, rms_norm_eps: config.layer_norm_eps },
    {
      attentionBiases: { projection: config.use_qkv_bias, output: false },
      norm: layerNormWithBias,
      layerNorms: {
        beforeAttention: "input_layernorm",
        beforeFeedForward: isParallel ? "input_layernorm" : "post_attention_layernorm",
      },
      parallel: isParallel,
      rotaryShare: 0.25,
    },
  );
};
