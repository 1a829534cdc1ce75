import { z } from "zod";
import type { DenseDescription } from "../description.ts";
import { linear } from "./blocks.ts";
import { sigmoidExperts, sigmoidExpertsConfig } from "./deepseek.ts";
import type { Family, FamilyContext } from "./family.ts";
import { headNorms, type LlamaDifferences, llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width } from "./read-config.ts";

const glmSchema = z.object({
  hidden_size: width.default(4096),
  intermediate_size: width.default(13696),
  num_hidden_layers: layers.default(40),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(2),
  head_dim: width.default(128),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(0.00000015625),
  attention_bias: z.boolean().default(true),
});

/** Heads turn half of their columns, column by column; gate and up are one matrix. */
function glmLike(context: FamilyContext, layerNorms?: LlamaDifferences["layerNorms"]) {
  const config = parseConfig(glmSchema, context.config, context);
  const { hidden_size: d, intermediate_size: inner } = config;
  return llamaLike(context, config, {
    attentionBiases: { projection: config.attention_bias, output: false },
    rotaryShare: 0.5,
    rotaryPairs: "neighbors",
    ...(layerNorms && { layerNorms }),
    feedForward: (_, name): DenseDescription => ({
      kind: "gated-fused",
      gateUp: linear(`${name}.mlp.gate_up_proj`, [d, 2 * inner], false),
      down: linear(`${name}.mlp.down_proj`, [inner, d], false),
      activation: config.hidden_act,
    }),
  });
}

/**
 * GLM-4 9B and GLM-Edge.
 * @see https://arxiv.org/abs/2406.12793
 */
export const glm: Family = (context) => glmLike(context);

/** GLM-4-0414 and GLM-Z1: norms before and after attention and feed-forward layer. */
export const glm4: Family = (context) =>
  glmLike(context, {
    beforeAttention: "input_layernorm",
    afterAttention: "post_self_attn_layernorm",
    beforeFeedForward: "post_attention_layernorm",
    afterFeedForward: "post_mlp_layernorm",
  });

const glm4MoeSchema = z.object({
  ...sigmoidExpertsConfig,
  moe_intermediate_size: width.default(1408),
  n_routed_experts: heads.default(128),
  first_k_dense_replace: z.int().min(0).max(1000).default(1),
  hidden_size: width.default(4096),
  intermediate_size: width.default(10944),
  num_hidden_layers: layers.default(46),
  num_attention_heads: heads.default(96),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-5),
  attention_bias: z.boolean().default(false),
  use_qk_norm: z.boolean().default(false),
});

/**
 * GLM-4.5 and 4.6: Llama whose heads turn half of their columns, with a mixture of experts as in DeepSeek-V3.
 * @see https://arxiv.org/abs/2508.06471
 */
export const glm4Moe: Family = (context) => {
  const config = parseConfig(glm4MoeSchema, context.config, context);
  return llamaLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...(config.use_qk_norm && headNorms(name, shape, config.rms_norm_eps)),
    }),
    attentionBiases: { projection: config.attention_bias, output: false },
    rotaryShare: 0.5,
    feedForward: sigmoidExperts(context, config),
  });
};
