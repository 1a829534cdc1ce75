import { z } from "zod";
import type { Family } from "../family.ts";
import { layeredRotary } from "../rotary/layered-rotary.ts";
import { attentionShape } from "./attention-shape.ts";
import { rmsNormPlusOne } from "./blocks.ts";
import {
  absent,
  activation,
  cap,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  length,
  positive,
  width,
  window,
} from "./fields.ts";
import { gemmaLayers } from "./gemma-layers.ts";
import { layerWindows } from "./layer-windows.ts";
import { parseConfig } from "./parse-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  hidden_size: width.default(2304),
  intermediate_size: width.default(9216),
  num_hidden_layers: layers.default(26),
  num_attention_heads: heads.default(8),
  num_key_value_heads: heads.default(4),
  head_dim: width.default(256),
  hidden_activation: activation.default("gelu-tanh"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: positive.default(256),
  sliding_window: window.default(4096),
  sliding_window_pattern: z.int().min(1).default(6),
  layer_types: layerTypes.nullish(),
  final_logit_softcapping: cap.default(null),
  attn_logit_softcapping: z
    .null("expected null: the library does not cap the scores of this model")
    .optional(),
  use_bidirectional_attention: absent,
  rope_theta: positive.default(1_000_000),
  rope_local_base_freq: positive.default(10_000),
});

/**
 * The language model of Gemma 3: five layers of six see a window and turn by angles of their own; queries and keys are
 * normalised.
 * @see https://arxiv.org/abs/2503.19786
 */
export const gemma3: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { final_logit_softcapping: logitCap, rms_norm_eps: eps } = config;
  const shape = attentionShape(config, context);
  const types = config.layer_types ?? allButEvery(config.sliding_window_pattern, config.num_hidden_layers);
  const windows = layerWindows(types, config.num_hidden_layers, config.sliding_window, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  const prefix = context.prefixBefore("layers.0.input_layernorm.weight");
  return {
    kind: "causal",
    width: shape.width,
    contextLength: config.max_position_embeddings,
    embedding: { scale: Math.sqrt(shape.width) },
    rotary: layeredRotary(context, {
      headWidth: shape.headWidth,
      contextLength: config.max_position_embeddings,
      thetas: { full_attention: config.rope_theta, sliding_attention: config.rope_local_base_freq },
      scaled: ["full_attention"],
    }),
    layers: gemmaLayers(prefix, config, (name, i) =>
      separateAttention(name, shape, biases, {
        rotary: types[i],
        scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
        ...windows[i],
        queryKeyNorm: {
          over: "head",
          query: rmsNormPlusOne(`${name}.q_norm`, shape.headWidth, eps),
          key: rmsNormPlusOne(`${name}.k_norm`, shape.headWidth, eps),
        },
      }),
    ),
    finalNorm: rmsNormPlusOne(`${prefix}norm`, shape.width, eps),
    head: logitCap === null ? {} : { softCap: logitCap },
  };
};

function allButEvery(pattern: number, layers: number): LayerType[] {
  return Array.from({ length: layers }, (_, i) =>
    (i + 1) % pattern === 0 ? "full_attention" : "sliding_attention",
  );
}
