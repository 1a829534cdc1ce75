import { z } from "zod";
import type { Family } from "../family.ts";
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
import { llamaRotary } from "./llama-rotary.ts";
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
  max_position_embeddings: length.default(8192),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: positive.default(256),
  sliding_window: window.default(4096),
  layer_types: layerTypes.nullish(),
  final_logit_softcapping: cap.default(30),
  attn_logit_softcapping: cap.default(50),
  use_bidirectional_attention: absent,
});

/**
 * Gemma 2: scores and logits are capped, every other layer sees a window.
 * @see https://arxiv.org/abs/2408.00118
 */
export const gemma2: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { attn_logit_softcapping: scoreCap, final_logit_softcapping: logitCap } = config;
  const shape = attentionShape(config, context);
  const types = config.layer_types ?? everyOther(config.num_hidden_layers);
  const windows = layerWindows(types, config.num_hidden_layers, config.sliding_window, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  const prefix = context.prefixBefore("layers.0.input_layernorm.weight");
  const positions = llamaRotary(context, shape, config.max_position_embeddings);
  return {
    kind: "causal",
    width: shape.width,
    contextLength: positions.contextLength ?? config.max_position_embeddings,
    embedding: { scale: Math.sqrt(shape.width) },
    rotary: { positions },
    layers: gemmaLayers(prefix, config, (name, i) =>
      separateAttention(name, shape, biases, {
        rotary: "positions",
        scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
        ...(scoreCap !== null && { softCap: scoreCap }),
        ...windows[i],
      }),
    ),
    finalNorm: rmsNormPlusOne(`${prefix}norm`, shape.width, config.rms_norm_eps),
    head: logitCap === null ? {} : { softCap: logitCap },
  };
};

function everyOther(layers: number): LayerType[] {
  return Array.from({ length: layers }, (_, i) => (i % 2 === 0 ? "sliding_attention" : "full_attention"));
}
