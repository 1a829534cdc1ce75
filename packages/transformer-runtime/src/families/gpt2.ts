import { z } from "zod";
import type { AttentionDescription, LinearDescription } from "../description.ts";
import { layerNorm } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
  type AttentionShape,
  absent,
  activation,
  attentionShape,
  epsilon,
  heads,
  layers,
  parseConfig,
  rows,
  width,
  withNames,
} from "./read-config.ts";

/** What GPT-2 calls what others call otherwise. */
export const GPT2_NAMES = {
  hidden_size: "n_embd",
  max_position_embeddings: "n_positions",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
};

/** What the configs of GPT-2 and of StarCoder 1 have in common. */
export const gpt2Config = {
  n_positions: rows.default(1024),
  n_embd: width.default(768),
  n_layer: layers.default(12),
  n_head: heads.default(12),
  n_inner: width.nullish(),
  activation_function: activation.default("gelu-tanh"),
  layer_norm_epsilon: epsilon.default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  add_cross_attention: absent,
};

const schema = z.object({ ...gpt2Config, scale_attn_by_inverse_layer_idx: z.boolean().default(false) });

/** GPT-2: learned positions, matrices stored with their inputs first. */
export const gpt2: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, GPT2_NAMES), context);
  const { n_embd: d, layer_norm_epsilon: eps, n_positions: positions } = config;
  const inner = config.n_inner ?? 4 * d;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.n_head }, context);
  const prefix = context.prefixBefore("h.0.ln_1.weight");
  const baseScale = config.scale_attn_weights ? 1 / Math.sqrt(shape.headWidth) : 1;
  return {
    kind: "causal",
    width: d,
    contextLength: positions,
    embedding: { positions: { tensor: `${prefix}wpe.weight`, rows: positions, first: 0 } },
    rotary: {},
    layers: Array.from({ length: config.n_layer }, (_, i) => {
      const name = `${prefix}h.${i}`;
      const scale = config.scale_attn_by_inverse_layer_idx ? baseScale / (i + 1) : baseScale;
      return {
        attention: attentionOf(`${name}.attn`, shape, scale),
        feedForward: {
          kind: "plain" as const,
          up: conv1d(`${name}.mlp.c_fc`, d, inner),
          down: conv1d(`${name}.mlp.c_proj`, inner, d),
          activation: config.activation_function,
        },
        norms: {
          beforeAttention: layerNorm(`${name}.ln_1`, d, eps, true),
          beforeFeedForward: layerNorm(`${name}.ln_2`, d, eps, true),
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
  scale: number,
): AttentionDescription {
  return {
    heads: count,
    keyValueHeads,
    headWidth,
    projection: { kind: "fused", linear: conv1d(`${name}.c_attn`, d, 3 * d), order: "blocks" },
    output: conv1d(`${name}.c_proj`, d, d),
    scale,
  };
}

function conv1d(name: string, inputs: number, outputs: number): LinearDescription {
  return { weight: `${name}.weight`, bias: `${name}.bias`, inputs, outputs, order: "inputs-first" };
}
