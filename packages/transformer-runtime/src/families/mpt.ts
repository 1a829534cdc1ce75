import { z } from "zod";
import { layerNorm, linear, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  absent,
  attentionShape,
  cap,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  positive,
  width,
  withNames,
} from "./read-config.ts";

const NAMES = { hidden_size: "d_model", num_hidden_layers: "n_layers", num_attention_heads: "n_heads" };

const schema = z.object({
  d_model: width.default(2048),
  n_layers: layers.default(24),
  n_heads: heads.default(16),
  max_seq_len: length.default(2048),
  layer_norm_epsilon: epsilon.default(1e-5),
  expansion_ratio: z.literal(4).default(4),
  no_bias: z.literal(true).default(true),
  logit_scale: z.null().optional(),
  attn_config: z
    .object({
      alibi: z.literal(true).default(true),
      alibi_bias_max: positive.default(8),
      clip_qkv: cap.default(null),
      softmax_scale: positive.nullish(),
      qk_ln: absent,
      prefix_lm: absent,
    })
    .prefault({}),
});

/**
 * MPT: biases of scores in place of positions, and no other biases.
 * @see https://www.databricks.com/blog/mpt-7b
 */
export const mpt: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const { d_model: d, n_heads: count } = config;
  const { alibi_bias_max: most, clip_qkv: clamp, softmax_scale: scale } = config.attn_config;
  const { headWidth } = attentionShape({ hidden_size: d, num_attention_heads: count }, context);
  const norm = (name: string) => layerNorm(name, d, config.layer_norm_epsilon, false);
  const prefix = context.prefixBefore("blocks.0.norm_1.weight");
  return {
    kind: "causal",
    width: d,
    contextLength: config.max_seq_len,
    embedding: {},
    rotary: {},
    layers: Array.from({ length: config.n_layers }, (_, i) => {
      const name = `${prefix}blocks.${i}`;
      return {
        attention: {
          heads: count,
          keyValueHeads: count,
          headWidth,
          projection: {
            kind: "fused",
            linear: linear(`${name}.attn.Wqkv`, [d, 3 * d], false),
            order: "blocks",
          },
          output: linear(`${name}.attn.out_proj`, [d, d], false),
          alibi: { slopes: mptSlopes(count, most) },
          ...(clamp !== null && { clamp }),
          scale: scale ?? 1 / Math.sqrt(headWidth),
        },
        feedForward: plainLayer(`${name}.ffn`, { width: d, inner: 4 * d, activation: "gelu" }, [
          "up_proj",
          "down_proj",
        ]),
        norms: { beforeAttention: norm(`${name}.norm_1`), beforeFeedForward: norm(`${name}.norm_2`) },
      };
    }),
    finalNorm: norm(`${prefix}norm_f`),
    head: {},
  };
};

/** 2^(−most · i / n) for the next power of two n; where there are fewer heads, every second slope comes first. */
function mptSlopes(heads: number, most: number): readonly number[] {
  const power = 2 ** Math.ceil(Math.log2(heads));
  const slopes = Array.from({ length: power }, (_, i) => Math.fround(2 ** ((-most * (i + 1)) / power)));
  if (power === heads) return slopes;
  const every = (first: number) => slopes.filter((_, i) => i % 2 === first);
  return [...every(1), ...every(0)].slice(0, heads);
}
