import { z } from "zod";
import type { AttentionDescription, LayerDescription, TransformerDescription } from "../description.ts";
import { alibiSlopes } from "./alibi.ts";
import { layerNorm, linear, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import { positionsOf } from "./llama-like.ts";
import {
  type AttentionShape,
  activation,
  attentionShape,
  badConfig,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  width,
  withNames,
} from "./read-config.ts";

const NAMES = {
  n_layer: "num_hidden_layers",
  n_head: "num_attention_heads",
  n_head_kv: "num_kv_heads",
  n_embed: "hidden_size",
};

const schema = z.object({
  hidden_size: width.default(4544),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(71),
  num_kv_heads: heads.nullish(),
  ffn_hidden_size: width.nullish(),
  activation: activation.default("gelu"),
  layer_norm_epsilon: epsilon.default(1e-5),
  max_position_embeddings: length.default(2048),
  new_decoder_architecture: z.boolean().default(false),
  multi_query: z.boolean().default(true),
  parallel_attn: z.boolean().default(true),
  num_ln_in_parallel_attn: z.int().min(1).max(2).nullish(),
  bias: z.boolean().default(false),
  alibi: z.boolean().default(false),
});
type FalconConfig = z.output<typeof schema>;

/**
 * Falcon 7B, 40B, 180B, 11B and RW: few keys for many queries, attention and feed-forward layer side by side or one after the other,
 * rotary embeddings or biases of scores.
 * @see https://arxiv.org/abs/2311.16867
 */
export const falcon: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const { hidden_size: d, layer_norm_epsilon: eps, bias: hasBias } = config;
  const shape = attentionShape({ ...config, num_key_value_heads: keyHeads(config) }, context);
  if (config.new_decoder_architecture && !config.parallel_attn) {
    const expected = "expected true, for so it is with new_decoder_architecture";
    throw badConfig(context, "parallel_attn", false, expected);
  }
  const prefix = context.prefixBefore("h.0.self_attention.dense.weight");
  const rotary: TransformerDescription["rotary"] = config.alibi
    ? {}
    : {
        positions: positionsOf(context, shape, {
          contextLength: config.max_position_embeddings,
          theta: 10_000,
        }),
      };
  const dense = {
    width: d,
    inner: config.ffn_hidden_size ?? 4 * d,
    activation: config.activation,
    hasBias,
  };
  return {
    kind: "causal",
    width: d,
    contextLength: rotary.positions?.contextLength ?? config.max_position_embeddings,
    embedding: {},
    rotary,
    layers: Array.from({ length: config.num_hidden_layers }, (_, i): LayerDescription => {
      const name = `${prefix}h.${i}`;
      const [first, second] = layerNorms(config);
      return {
        attention: attentionOf(`${name}.self_attention`, shape, config),
        feedForward: plainLayer(`${name}.mlp`, dense, ["dense_h_to_4h", "dense_4h_to_h"]),
        parallel: config.parallel_attn,
        norms: {
          beforeAttention: layerNorm(`${name}.${first}`, d, eps, true),
          beforeFeedForward: layerNorm(`${name}.${second}`, d, eps, true),
        },
      };
    }),
    finalNorm: layerNorm(`${prefix}ln_f`, d, eps, true),
    head: {},
  };
};

function keyHeads(config: FalconConfig): number {
  const own = config.num_kv_heads ?? config.num_attention_heads;
  if (config.new_decoder_architecture) return own;
  return config.multi_query ? 1 : config.num_attention_heads;
}

/** The names of the norms that attention and feed-forward layer read: of one norm where they share it. */
function layerNorms(config: FalconConfig): readonly [string, string] {
  if (!config.parallel_attn) return ["input_layernorm", "post_attention_layernorm"];
  const hasTwo = config.new_decoder_architecture && (config.num_ln_in_parallel_attn ?? 2) === 2;
  return hasTwo ? ["ln_attn", "ln_mlp"] : ["input_layernorm", "input_layernorm"];
}

function attentionOf(
  name: string,
  { width: d, heads: queries, keyValueHeads: keys, headWidth }: AttentionShape,
  { bias: hasBias, alibi }: FalconConfig,
): AttentionDescription {
  const scale = 1 / Math.sqrt(headWidth);
  return {
    heads: queries,
    keyValueHeads: keys,
    headWidth,
    projection: {
      kind: "fused",
      linear: linear(`${name}.query_key_value`, [d, (queries + 2 * keys) * headWidth], hasBias),
      order: "per-key",
    },
    output: linear(`${name}.dense`, [d, d], hasBias),
    scale,
    ...(alibi
      ? { alibi: { slopes: alibiSlopes(queries), factor: scale, rounded: true } }
      : { rotary: "positions" }),
  };
}
