import { z } from "zod";
import type { AttentionDescription } from "../description.ts";
import { layerNorm, linear, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import { GPT2_NAMES, gpt2Config } from "./gpt2.ts";
import { type AttentionShape, attentionShape, parseConfig, withNames } from "./read-config.ts";

const schema = z.object({ ...gpt2Config, multi_query: z.boolean().default(true) });

/**
 * StarCoder 1 and SantaCoder: GPT-2 with one key and value for all queries, and matrices as torch stores them.
 * @see https://arxiv.org/abs/2305.06161
 */
export const gptBigCode: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, GPT2_NAMES), context);
  const { n_embd: d, n_head: count, n_positions: positions, activation_function: activation } = config;
  const shape = attentionShape(
    { hidden_size: d, num_attention_heads: count, num_key_value_heads: config.multi_query ? 1 : count },
    context,
  );
  const norm = (name: string) => layerNorm(name, d, config.layer_norm_epsilon, true);
  const prefix = context.prefixBefore("h.0.ln_1.weight");
  const dense = { width: d, inner: config.n_inner ?? 4 * d, activation, hasBias: true };
  const scale = config.scale_attn_weights ? 1 / Math.sqrt(shape.headWidth) : 1;
  return {
    kind: "causal",
    width: d,
    contextLength: positions,
    embedding: { positions: { tensor: `${prefix}wpe.weight`, rows: positions, first: 0 } },
    rotary: {},
    layers: Array.from({ length: config.n_layer }, (_, i) => {
      const name = `${prefix}h.${i}`;
      return {
        attention: attentionOf(`${name}.attn`, shape, scale),
        feedForward: plainLayer(`${name}.mlp`, dense, ["c_fc", "c_proj"]),
        norms: { beforeAttention: norm(`${name}.ln_1`), beforeFeedForward: norm(`${name}.ln_2`) },
      };
    }),
    finalNorm: norm(`${prefix}ln_f`),
    head: {},
  };
};

function attentionOf(
  name: string,
  { width: d, heads: queries, keyValueHeads: keys, headWidth }: AttentionShape,
  scale: number,
): AttentionDescription {
  return {
    heads: queries,
    keyValueHeads: keys,
    headWidth,
    projection: {
      kind: "fused",
      linear: linear(`${name}.c_attn`, [d, (queries + 2 * keys) * headWidth], true),
      order: "per-key",
    },
    output: linear(`${name}.c_proj`, [d, d], true),
    scale,
  };
}
