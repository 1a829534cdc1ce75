import { z } from "zod";
import type { AttentionDescription } from "../description.ts";
import { readRotary, ropeParameters } from "../rotary/read-rotary.ts";
import { layerNorm, linear } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  type AttentionShape,
  activation,
  attentionShape,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  positive,
  width,
} from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(6144),
  intermediate_size: width.default(24576),
  num_hidden_layers: layers.default(44),
  num_attention_heads: heads.default(64),
  hidden_act: activation.default("gelu"),
  max_position_embeddings: length.default(2048),
  layer_norm_eps: epsilon.default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  rotary_emb_base: positive.default(10_000),
  rotary_pct: positive.max(1).default(0.25),
});

/**
 * GPT-NeoX and Pythia: attention and feed-forward layer side by side, heads that turn a quarter of their columns.
 * @see https://arxiv.org/abs/2204.06745
 */
export const gptNeox: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, intermediate_size: inner, layer_norm_eps: eps } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const { parameters, place } = ropeParameters(context.config, context);
  const positions = readRotary(
    parameters,
    {
      headWidth: shape.headWidth,
      contextLength: config.max_position_embeddings,
      theta: config.rotary_emb_base,
      share: config.rotary_pct,
    },
    place,
  );
  const prefix = context.prefixBefore("layers.0.input_layernorm.weight");
  return {
    kind: "causal",
    width: d,
    contextLength: positions.contextLength ?? config.max_position_embeddings,
    embedding: {},
    rotary: { positions },
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const name = `${prefix}layers.${i}`;
      return {
        attention: attentionOf(`${name}.attention`, shape, config.attention_bias),
        feedForward: {
          kind: "plain" as const,
          up: linear(`${name}.mlp.dense_h_to_4h`, [d, inner], true),
          down: linear(`${name}.mlp.dense_4h_to_h`, [inner, d], true),
          activation: config.hidden_act,
        },
        parallel: config.use_parallel_residual,
        norms: {
          beforeAttention: layerNorm(`${name}.input_layernorm`, d, eps, true),
          beforeFeedForward: layerNorm(`${name}.post_attention_layernorm`, d, eps, true),
        },
      };
    }),
    finalNorm: layerNorm(`${prefix}final_layer_norm`, d, eps, true),
    head: {},
  };
};

function attentionOf(
  name: string,
  { width: d, heads: count, keyValueHeads, headWidth }: AttentionShape,
  hasBias: boolean,
): AttentionDescription {
  return {
    heads: count,
    keyValueHeads,
    headWidth,
    projection: {
      kind: "fused",
      linear: linear(`${name}.query_key_value`, [d, 3 * d], hasBias),
      order: "per-key",
    },
    output: linear(`${name}.dense`, [d, d], hasBias),
    rotary: "positions",
    scale: 1 / Math.sqrt(headWidth),
  };
}
