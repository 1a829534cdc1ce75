import { z } from "zod";
import { readRotary } from "../rotary/read-rotary.ts";
import { layerNorm, plainLayer, squareAttention } from "./blocks.ts";
import type { Family } from "./family.ts";
import {
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
  hidden_size: "n_embd",
  max_position_embeddings: "n_positions",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
};

const schema = z.object({
  n_positions: length.default(2048),
  n_embd: width.default(4096),
  n_layer: layers.default(28),
  n_head: heads.default(16),
  n_inner: width.nullish(),
  rotary_dim: width.default(64),
  activation_function: activation.default("gelu-tanh"),
  layer_norm_epsilon: epsilon.default(1e-5),
});

/**
 * GPT-J: attention and feed-forward layer read the same normalised input; heads turn some columns in neighboring pairs.
 * @see https://github.com/kingoflolz/mesh-transformer-jax
 */
export const gptj: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const {
    n_embd: d,
    n_positions: contextLength,
    rotary_dim: turning,
    activation_function: activation,
  } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.n_head }, context);
  const { headWidth } = shape;
  if (turning > headWidth) {
    throw badConfig(context, "rotary_dim", turning, `expected at most the ${headWidth} columns of a head`);
  }
  const norm = (name: string) => layerNorm(name, d, config.layer_norm_epsilon, true);
  const prefix = context.prefixBefore("h.0.ln_1.weight");
  const dense = { width: d, inner: config.n_inner ?? 4 * d, activation, hasBias: true };
  const rotary = { headWidth: turning, contextLength, theta: 10_000 };
  return {
    kind: "causal",
    width: d,
    contextLength,
    embedding: {},
    rotary: { positions: { ...readRotary({}, rotary, context), pairs: "neighbors" } },
    layers: Array.from({ length: config.n_layer }, (_, i) => {
      const name = `${prefix}h.${i}`;
      const names = {
        query: `${name}.attn.q_proj`,
        key: `${name}.attn.k_proj`,
        value: `${name}.attn.v_proj`,
        output: `${name}.attn.out_proj`,
      };
      return {
        attention: { ...squareAttention(shape, names, false), rotary: "positions" },
        feedForward: plainLayer(`${name}.mlp`, dense, ["fc_in", "fc_out"]),
        parallel: true,
        norms: { beforeAttention: norm(`${name}.ln_1`), beforeFeedForward: norm(`${name}.ln_1`) },
      };
    }),
    finalNorm: norm(`${prefix}ln_f`),
    head: {},
  };
};
