import { z } from "zod";
import type { LayerDescription } from "../description.ts";
import { requireHead } from "./bert.ts";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  activation,
  attentionShape,
  badConfig,
  epsilon,
  heads,
  layers,
  parseConfig,
  rows,
  width,
} from "./read-config.ts";

const schema = z.object({
  embedding_size: width.default(128),
  hidden_size: width.default(4096),
  intermediate_size: width.default(16384),
  num_hidden_layers: layers.default(12),
  num_hidden_groups: layers.default(1),
  inner_group_num: layers.default(1),
  num_attention_heads: heads.default(64),
  hidden_act: activation.default("gelu-tanh"),
  max_position_embeddings: rows.default(512),
  type_vocab_size: rows.default(2),
  layer_norm_eps: epsilon.default(1e-12),
});

const MOST_LAYERS = 1000;

/**
 * ALBERT: BERT whose layers share their weights, and whose input rows and head are narrower than the hidden states.
 * @see https://arxiv.org/abs/1909.11942
 */
export const albert: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, embedding_size: rowWidth, hidden_act: activation } = config;
  const { num_hidden_layers: count, num_hidden_groups: groups, max_position_embeddings: positions } = config;
  if (count * config.inner_group_num > MOST_LAYERS) {
    const expected = `expected at most ${MOST_LAYERS} layers in all, with the ${count} groups of them`;
    throw badConfig(context, "inner_group_num", config.inner_group_num, expected);
  }
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const norm = (name: string, columns = d) => layerNorm(name, columns, config.layer_norm_eps, true);
  const prefix = context.prefixBefore("embeddings.position_embeddings.weight");
  const dense = { width: d, inner: config.intermediate_size, activation, hasBias: true };
  const layerOf = (group: number, member: number): LayerDescription => {
    const name = `${prefix}encoder.albert_layer_groups.${group}.albert_layers.${member}`;
    return {
      attention: squareAttention(shape, {
        query: `${name}.attention.query`,
        key: `${name}.attention.key`,
        value: `${name}.attention.value`,
        output: `${name}.attention.dense`,
      }),
      feedForward: plainLayer(name, dense, ["ffn", "ffn_output"]),
      norms: {
        afterAttentionSum: norm(`${name}.attention.LayerNorm`),
        afterFeedForwardSum: norm(`${name}.full_layer_layer_norm`),
      },
    };
  };
  requireHead(context, "predictions.dense");
  return {
    kind: "masked",
    width: d,
    contextLength: positions,
    embedding: {
      positions: { tensor: `${prefix}embeddings.position_embeddings.weight`, rows: positions, first: 0 },
      tokenTypes: {
        tensor: `${prefix}embeddings.token_type_embeddings.weight`,
        rows: config.type_vocab_size,
      },
      norm: norm(`${prefix}embeddings.LayerNorm`, rowWidth),
      projection: {
        linear: linear(`${prefix}encoder.embedding_hidden_mapping_in`, [rowWidth, d], true),
        place: "last",
      },
    },
    rotary: {},
    layers: Array.from({ length: count }, (_, i) => Math.trunc(i / (count / groups))).flatMap((group) =>
      Array.from({ length: config.inner_group_num }, (_, member) => layerOf(group, member)),
    ),
    head: {
      transform: {
        dense: linear("predictions.dense", [d, rowWidth], true),
        activation,
        norm: norm("predictions.LayerNorm", rowWidth),
      },
    },
  };
};
