import { z } from "zod";
import type { AttentionDescription } from "../description.ts";
import { alibiSlopes } from "./alibi.ts";
import { layerNorm, linear, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  type AttentionShape,
  absent,
  attentionShape,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  width,
  withNames,
} from "./read-config.ts";

const NAMES = { num_hidden_layers: "n_layer", num_attention_heads: "n_head", n_embed: "hidden_size" };

const schema = z.object({
  hidden_size: width.default(64),
  n_layer: layers.default(2),
  n_head: heads.default(8),
  layer_norm_epsilon: epsilon.default(1e-5),
  apply_residual_connection_post_layernorm: absent,
  seq_length: length.default(2048),
});

/**
 * BLOOM: biases of scores in place of positions, and a norm of the input rows.
 * @see https://arxiv.org/abs/2211.05100
 */
export const bloom: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const { hidden_size: d, layer_norm_epsilon: eps } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.n_head }, context);
  const prefix = context.prefixBefore("h.0.input_layernorm.weight");
  const dense = { width: d, inner: 4 * d, activation: "gelu-tanh", hasBias: true } as const;
  return {
    kind: "causal",
    width: d,
    contextLength: config.seq_length,
    embedding: { norm: layerNorm(`${prefix}word_embeddings_layernorm`, d, eps, true) },
    rotary: {},
    layers: Array.from({ length: config.n_layer }, (_, i) => {
      const name = `${prefix}h.${i}`;
      return {
        attention: attentionOf(`${name}.self_attention`, shape),
        feedForward: plainLayer(`${name}.mlp`, dense, ["dense_h_to_4h", "dense_4h_to_h"]),
        norms: {
          beforeAttention: layerNorm(`${name}.input_layernorm`, d, eps, true),
          beforeFeedForward: layerNorm(`${name}.post_attention_layernorm`, d, eps, true),
        },
      };
    }),
    finalNorm: layerNorm(`${prefix}ln_f`, d, eps, true),
    head: {},
  };
};

function attentionOf(
  name: string,
  { width: d, heads: count, keyValueHeads, headWidth }: AttentionShape,
): AttentionDescription {
  return {
    heads: count,
    keyValueHeads,
    headWidth,
    projection: {
      kind: "fused",
      linear: linear(`${name}.query_key_value`, [d, 3 * d], true),
      order: "per-key",
    },
    output: linear(`${name}.dense`, [d, d], true),
    alibi: { slopes: alibiSlopes(count) },
    scale: 1 / Math.sqrt(headWidth),
  };
}
