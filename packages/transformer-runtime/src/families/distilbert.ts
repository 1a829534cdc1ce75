import { z } from "zod";
import { requireHead } from "./bert.ts";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  activation,
  attentionShape,
  heads,
  layers,
  parseConfig,
  rows,
  width,
  withNames,
} from "./read-config.ts";

/** Which configs cannot change. */
const EPSILON = 1e-12;

const NAMES = { hidden_size: "dim", num_hidden_layers: "n_layers", num_attention_heads: "n_heads" };

const schema = z.object({
  dim: width.default(768),
  hidden_dim: width.default(3072),
  n_layers: layers.default(6),
  n_heads: heads.default(12),
  activation: activation.default("gelu"),
  max_position_embeddings: rows.default(512),
});

/**
 * DistilBERT: BERT without token types.
 * @see https://arxiv.org/abs/1910.01108
 */
export const distilbert: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const { dim: d, activation, max_position_embeddings: positions } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.n_heads }, context);
  const norm = (name: string) => layerNorm(name, d, EPSILON, true);
  const prefix = context.prefixBefore("embeddings.position_embeddings.weight");
  const dense = { width: d, inner: config.hidden_dim, activation, hasBias: true };
  requireHead(context, "vocab_transform");
  return {
    kind: "masked",
    width: d,
    contextLength: positions,
    embedding: {
      positions: { tensor: `${prefix}embeddings.position_embeddings.weight`, rows: positions, first: 0 },
      norm: norm(`${prefix}embeddings.LayerNorm`),
    },
    rotary: {},
    layers: Array.from({ length: config.n_layers }, (_, i) => {
      const name = `${prefix}transformer.layer.${i}`;
      return {
        attention: squareAttention(shape, {
          query: `${name}.attention.q_lin`,
          key: `${name}.attention.k_lin`,
          value: `${name}.attention.v_lin`,
          output: `${name}.attention.out_lin`,
        }),
        feedForward: plainLayer(`${name}.ffn`, dense, ["lin1", "lin2"]),
        norms: {
          afterAttentionSum: norm(`${name}.sa_layer_norm`),
          afterFeedForwardSum: norm(`${name}.output_layer_norm`),
        },
      };
    }),
    head: {
      transform: {
        dense: linear("vocab_transform", [d, d], true),
        activation,
        norm: norm("vocab_layer_norm"),
      },
    },
  };
};
