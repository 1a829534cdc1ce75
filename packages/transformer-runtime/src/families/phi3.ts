import { z } from "zod";
import type { AttentionDescription, DenseDescription, RotaryDescription } from "../description.ts";
import { readRotary, ropeParameters } from "../rotary/read-rotary.ts";
import { linear, rmsNorm } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
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
  window,
} from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(3072),
  intermediate_size: width.default(8192),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullish(),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(4096),
  original_max_position_embeddings: length.default(4096),
  rms_norm_eps: epsilon.default(1e-5),
  sliding_window: window.default(null),
  rope_theta: positive.default(10_000),
  partial_rotary_factor: positive.max(1).default(1),
});

/**
 * Phi-3 and Phi-4 mini: Llama with one matrix for queries, keys and values, and one for gate and up.
 * @see https://arxiv.org/abs/2404.14219
 */
export const phi3: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, rms_norm_eps: eps, intermediate_size: inner } = config;
  const shape = attentionShape(config, context);
  const prefix = context.prefixBefore("layers.0.input_layernorm.weight");
  return {
    kind: "causal",
    width: d,
    contextLength: config.max_position_embeddings,
    embedding: {},
    rotary: { positions: rotaryOf(config, shape, context) },
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const name = `${prefix}layers.${i}`;
      return {
        attention: attentionOf(`${name}.self_attn`, shape, config.sliding_window),
        feedForward: {
          kind: "gated-fused",
          gateUp: linear(`${name}.mlp.gate_up_proj`, [d, 2 * inner], false),
          down: linear(`${name}.mlp.down_proj`, [inner, d], false),
          activation: config.hidden_act,
        } satisfies DenseDescription,
        norms: {
          beforeAttention: rmsNorm(`${name}.input_layernorm`, d, eps),
          beforeFeedForward: rmsNorm(`${name}.post_attention_layernorm`, d, eps),
        },
      };
    }),
    finalNorm: rmsNorm(`${prefix}norm`, d, eps),
    head: {},
  };
};

function attentionOf(
  name: string,
  { width: d, heads: queries, keyValueHeads: keys, headWidth }: AttentionShape,
  attentionWindow: number | null,
): AttentionDescription {
  return {
    heads: queries,
    keyValueHeads: keys,
    headWidth,
    projection: {
      kind: "fused",
      linear: linear(`${name}.qkv_proj`, [d, (queries + 2 * keys) * headWidth], false),
      order: "blocks",
    },
    output: linear(`${name}.o_proj`, [queries * headWidth, d], false),
    rotary: "positions",
    scale: 1 / Math.sqrt(headWidth),
    ...(attentionWindow !== null && { window: attentionWindow }),
  };
}

function rotaryOf(
  config: z.output<typeof schema>,
  { headWidth }: AttentionShape,
  context: FamilyContext,
): RotaryDescription {
  const { parameters, place } = ropeParameters(context.config, context);
  const defaults = {
    headWidth,
    contextLength: config.max_position_embeddings,
    theta: config.rope_theta,
    share: config.partial_rotary_factor,
    originalLength: config.original_max_position_embeddings,
    // Earlier names: su for longrope itself; yarn was announced, and all that say so have longrope's factors.
    aliases: { su: "longrope", yarn: "longrope" },
  };
  return readRotary(parameters, defaults, place);
}
