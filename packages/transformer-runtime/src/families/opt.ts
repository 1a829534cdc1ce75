import { z } from "zod";
import type { LayerDescription, NormDescription } from "../description.ts";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family } from "./family.ts";
import { activation, attentionShape, heads, layers, parseConfig, rows, width } from "./read-config.ts";

/** Rows of the table of positions before that of the first position. */
const FIRST_POSITION = 2;
/** torch's default, which configs cannot change. */
const EPSILON = 1e-5;

const schema = z.object({
  hidden_size: width.default(768),
  word_embed_proj_dim: width.nullish(),
  ffn_dim: width.default(3072),
  num_hidden_layers: layers.default(12),
  num_attention_heads: heads.default(12),
  max_position_embeddings: rows.default(2048),
  activation_function: activation.default("relu"),
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
});

/**
 * OPT: learned positions; 350M has norms after each sum, and input rows and head narrower than the hidden states.
 * @see https://arxiv.org/abs/2205.01068
 */
export const opt: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, enable_bias: hasBias, do_layer_norm_before: isBefore } = config;
  const { max_position_embeddings: positions } = config;
  const rowWidth = config.word_embed_proj_dim ?? d;
  const shape = attentionShape(config, context);
  const prefix = context.prefixBefore("layers.0.fc1.weight");
  const dense = { width: d, inner: config.ffn_dim, activation: config.activation_function, hasBias };
  const norm = (name: string): NormDescription =>
    config.layer_norm_elementwise_affine
      ? layerNorm(name, d, EPSILON, true)
      : { kind: "layer", width: d, epsilon: EPSILON };
  return {
    kind: "causal",
    width: d,
    contextLength: positions,
    embedding: {
      ...(rowWidth !== d && {
        projection: { linear: linear(`${prefix}project_in`, [rowWidth, d], false), place: "first" },
      }),
      positions: {
        tensor: `${prefix}embed_positions.weight`,
        rows: positions + FIRST_POSITION,
        first: FIRST_POSITION,
      },
    },
    rotary: {},
    layers: Array.from({ length: config.num_hidden_layers }, (_, i): LayerDescription => {
      const name = `${prefix}layers.${i}`;
      const first = norm(`${name}.self_attn_layer_norm`);
      const second = norm(`${name}.final_layer_norm`);
      return {
        attention: squareAttention(
          shape,
          {
            query: `${name}.self_attn.q_proj`,
            key: `${name}.self_attn.k_proj`,
            value: `${name}.self_attn.v_proj`,
            output: `${name}.self_attn.out_proj`,
          },
          hasBias,
        ),
        feedForward: plainLayer(name, dense, ["fc1", "fc2"]),
        norms: isBefore
          ? { beforeAttention: first, beforeFeedForward: second }
          : { afterAttentionSum: first, afterFeedForwardSum: second },
      };
    }),
    ...(isBefore && !config._remove_final_layer_norm && { finalNorm: norm(`${prefix}final_layer_norm`) }),
    head: {
      ...(rowWidth !== d && {
        transform: { dense: linear(`${prefix}project_out`, [d, rowWidth], false) },
      }),
    },
  };
};
