import { z } from "zod";
import type { Family, FamilyContext } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import {
  activation,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  length,
  width,
  window,
} from "./fields.ts";
import { layerWindows } from "./layer-windows.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { badConfig, parseConfig } from "./parse-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  hidden_size: width.default(2048),
  intermediate_size: width.default(11008),
  num_hidden_layers: layers.default(36),
  num_attention_heads: heads.default(16),
  num_key_value_heads: heads.nullable().default(4),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(32_768),
  rms_norm_eps: epsilon.default(1e-6),
  use_sliding_window: z.boolean().default(false),
  sliding_window: window.default(null),
  /** 1 where a layer turns its heads, 0 where it does not, in spite of the name. */
  no_rope_layers: z.array(z.int().min(0).max(1)).max(1000).nullish(),
  no_rope_layer_interval: z.int().min(1).default(4),
  layer_types: layerTypes.nullish(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/**
 * SmolLM3: Llama, of which every fourth layer knows nothing of positions.
 * @see https://huggingface.co/blog/smollm3
 */
export const smollm3: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const turns = turningLayers(config, context);
  const window = config.use_sliding_window ? config.sliding_window : null;
  const types =
    config.layer_types ??
    turns.map((does): LayerType => (window !== null && !does ? "sliding_attention" : "full_attention"));
  const windows = layerWindows(types, config.num_hidden_layers, window, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings, 2_000_000),
    attentionOf: (name, i) =>
      separateAttention(name, shape, biases, { ...(turns[i] && { rotary: "positions" }), ...windows[i] }),
    feedForwardBias: config.mlp_bias,
  });
};

function turningLayers(config: z.output<typeof schema>, context: FamilyContext): readonly boolean[] {
  const { num_hidden_layers: layers, no_rope_layers: listed, no_rope_layer_interval: interval } = config;
  if (!listed) return Array.from({ length: layers }, (_, i) => (i + 1) % interval !== 0);
  if (listed.length < layers) {
    throw badConfig(context, "no_rope_layers", listed, `expected a number for each of the ${layers} layers`);
  }
  return listed.slice(0, layers).map((value) => value === 1);
}
