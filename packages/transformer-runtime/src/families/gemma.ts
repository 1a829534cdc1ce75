import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { rmsNormPlusOne } from "./blocks.ts";
import { absent, activation, epsilon, heads, layers, length, width } from "./fields.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { parseConfig } from "./parse-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  hidden_size: width.default(3072),
  intermediate_size: width.default(24576),
  num_hidden_layers: layers.default(28),
  num_attention_heads: heads.default(16),
  num_key_value_heads: heads.default(16),
  head_dim: width.default(256),
  // The first configs say gelu, but the models were trained with the approximation.
  hidden_act: activation.transform((name) => (name === "gelu" ? "gelu-tanh" : name)).default("gelu-tanh"),
  max_position_embeddings: length.default(8192),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  use_bidirectional_attention: absent,
});

/**
 * Gemma 1: Llama with rows multiplied by √d and norms stored as their distance from one.
 * @see https://arxiv.org/abs/2403.08295
 */
export const gemma: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings),
    attentionOf: (name) => separateAttention(name, shape, biases, { rotary: "positions" }),
    norm: rmsNormPlusOne,
    embeddingScale: Math.sqrt(shape.width),
  });
};
