import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { activation, epsilon, heads, layers, length, width } from "./fields.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { parseConfig } from "./parse-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  hidden_size: width.default(4096),
  intermediate_size: width.default(11008),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullish(),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(2048),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/**
 * Llama 1 to 3.
 * @see https://arxiv.org/abs/2407.21783
 */
export const llama: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings),
    attentionOf: (name) => separateAttention(name, shape, biases, { rotary: "positions" }),
    feedForwardBias: config.mlp_bias,
  });
};
