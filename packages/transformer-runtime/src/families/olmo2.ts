import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { gatedFeedForward, rmsNorm } from "./blocks.ts";
import { activation, epsilon, heads, layers, length, width } from "./fields.ts";
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
  rms_norm_eps: epsilon.default(1e-5),
  attention_bias: z.boolean().default(false),
});

/**
 * OLMo 2: norms stand after attention and feed-forward layer, before their sum with the input; queries and keys are
 * normalised over all heads at once.
 * @see https://arxiv.org/abs/2501.00656
 */
export const olmo2: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, rms_norm_eps: eps } = config;
  const shape = attentionShape(config, context);
  const { heads: queries, keyValueHeads: keys, headWidth } = shape;
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  const prefix = context.prefixBefore("layers.0.post_feedforward_layernorm.weight");
  const positions = llamaRotary(context, shape, config.max_position_embeddings);
  return {
    kind: "causal",
    width: d,
    contextLength: positions.contextLength ?? config.max_position_embeddings,
    embedding: {},
    rotary: { positions },
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const name = `${prefix}layers.${i}`;
      return {
        attention: separateAttention(`${name}.self_attn`, shape, biases, {
          rotary: "positions",
          queryKeyNorm: {
            over: "all-heads",
            query: rmsNorm(`${name}.self_attn.q_norm`, queries * headWidth, eps),
            key: rmsNorm(`${name}.self_attn.k_norm`, keys * headWidth, eps),
          },
        }),
        feedForward: gatedFeedForward(`${name}.mlp`, {
          width: d,
          innerWidth: config.intermediate_size,
          activation: config.hidden_act,
          hasBias: false,
        }),
        norms: {
          afterAttention: rmsNorm(`${name}.post_attention_layernorm`, d, eps),
          afterFeedForward: rmsNorm(`${name}.post_feedforward_layernorm`, d, eps),
        },
      };
    }),
    finalNorm: rmsNorm(`${prefix}norm`, d, eps),
    head: {},
  };
};
