import { RevocabError } from "@revocab/core";
import { z } from "zod";
import type { LayerDescription } from "../description.ts";
import { layeredRotary } from "../rotary/read-rotary.ts";
import { layerNorm, linear } from "./blocks.ts";
import type { Family } from "./family.ts";
import { layerWindows } from "./llama-like.ts";
import {
  type AttentionShape,
  activation,
  attentionShape,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  length,
  parseConfig,
  positive,
  width,
} from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(768),
  intermediate_size: width.default(1152),
  num_hidden_layers: layers.default(22),
  num_attention_heads: heads.default(12),
  hidden_activation: activation.default("gelu"),
  max_position_embeddings: length.default(8192),
  norm_eps: epsilon.default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  classifier_bias: z.boolean().default(false),
  classifier_activation: activation.default("gelu"),
  layer_types: layerTypes.nullish(),
  global_attn_every_n_layers: z.int().min(1).default(3),
  /** Width of the window, half of it to either side. */
  local_attention: length.min(2).default(128),
  global_rope_theta: positive.default(160_000),
  local_rope_theta: positive.default(10_000),
});

/**
 * ModernBERT: rotary positions, gated feed-forward layers, and two layers of three that see a window.
 * @see https://arxiv.org/abs/2412.13663
 */
export const modernbert: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size: d, norm_eps: eps, norm_bias: normBias } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const types = config.layer_types ?? oneOf(config.global_attn_every_n_layers, config.num_hidden_layers);
  const reach = Math.floor(config.local_attention / 2);
  const windows = layerWindows(types, config.num_hidden_layers, reach, context);
  const prefix = context.prefixBefore("layers.0.mlp_norm.weight");
  requireHead(context.hasTensor("head.dense.weight"), context.path);
  return {
    kind: "masked",
    width: d,
    contextLength: config.max_position_embeddings,
    embedding: { norm: layerNorm(`${prefix}embeddings.norm`, d, eps, normBias) },
    rotary: layeredRotary(context, {
      headWidth: shape.headWidth,
      contextLength: config.max_position_embeddings,
      thetas: { full_attention: config.global_rope_theta, sliding_attention: config.local_rope_theta },
      scaled: ["full_attention", "sliding_attention"],
    }),
    layers: types.map((type, i) =>
      layerOf(`${prefix}layers.${i}`, i === 0, config, shape, { rotary: type, ...windows[i] }),
    ),
    finalNorm: layerNorm(`${prefix}final_norm`, d, eps, normBias),
    head: {
      transform: {
        dense: linear("head.dense", [d, d], config.classifier_bias),
        activation: config.classifier_activation,
        norm: layerNorm("head.norm", d, eps, normBias),
      },
    },
  };
};

function layerOf(
  name: string,
  isFirst: boolean,
  config: z.output<typeof schema>,
  { width: d, heads: count, keyValueHeads, headWidth }: AttentionShape,
  view: { readonly rotary: LayerType; readonly window?: number },
): LayerDescription {
  const { intermediate_size: inner, norm_eps: eps, norm_bias: normBias } = config;
  return {
    attention: {
      heads: count,
      keyValueHeads,
      headWidth,
      projection: {
        kind: "fused",
        linear: linear(`${name}.attn.Wqkv`, [d, 3 * d], config.attention_bias),
        order: "blocks",
      },
      output: linear(`${name}.attn.Wo`, [d, d], config.attention_bias),
      scale: 1 / Math.sqrt(headWidth),
      ...view,
    },
    feedForward: {
      kind: "gated-fused",
      gateUp: linear(`${name}.mlp.Wi`, [d, 2 * inner], config.mlp_bias),
      down: linear(`${name}.mlp.Wo`, [inner, d], config.mlp_bias),
      activation: config.hidden_activation,
    },
    norms: {
      // What the first layer reads has just been normalised.
      ...(!isFirst && { beforeAttention: layerNorm(`${name}.attn_norm`, d, eps, normBias) }),
      beforeFeedForward: layerNorm(`${name}.mlp_norm`, d, eps, normBias),
    },
  };
}

function oneOf(interval: number, layers: number): LayerType[] {
  return Array.from({ length: layers }, (_, i) =>
    i % interval === 0 ? "full_attention" : "sliding_attention",
  );
}

function requireHead(isThere: boolean, path: string): void {
  if (isThere) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `the weights beside ${path} have no masked-language-model head: head.dense.weight is missing`,
    { hint: "the model was saved without what predicts tokens; use one saved with its head" },
  );
}
