import { z } from "zod";
import { plainLayer } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import {
  activation,
  badConfig,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  layerWindows,
  length,
  parseConfig,
  width,
  window,
} from "./read-config.ts";

/** What the configs of Llama and of many models after it have in common. */
export const llamaConfig = {
  hidden_size: width.default(4096),
  intermediate_size: width.default(11008),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullish(),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(2048),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
};

const llamaSchema = z.object({ ...llamaConfig, mlp_bias: z.boolean().default(false) });

/**
 * Llama 1 to 3.
 * @see https://arxiv.org/abs/2407.21783
 */
export const llama: Family = (context) => {
  const config = parseConfig(llamaSchema, context.config, context);
  return llamaLike(context, config, { feedForwardBias: config.mlp_bias });
};

const seedOssSchema = z.object({
  ...llamaConfig,
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.nullable().default(128),
  max_position_embeddings: length.default(524_288),
  attention_bias: z.boolean().default(true),
  attention_out_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/**
 * Seed-OSS: Llama with biases on queries, keys and values.
 * @see https://github.com/ByteDance-Seed/seed-oss
 */
export const seedOss: Family = (context) => {
  const config = parseConfig(seedOssSchema, context.config, context);
  return llamaLike(context, config, {
    attentionBiases: { projection: config.attention_bias, output: config.attention_out_bias },
    feedForwardBias: config.mlp_bias,
  });
};

const arceeSchema = z.object({
  ...llamaConfig,
  hidden_size: width.default(2560),
  intermediate_size: width.default(18_432),
  hidden_act: activation.default("relu-squared"),
  max_position_embeddings: length.default(4096),
  rms_norm_eps: epsilon.default(1e-5),
  mlp_bias: z.boolean().default(false),
});

/**
 * Arcee's foundation models: Llama with a feed-forward layer without gate.
 * @see https://www.arcee.ai/blog/deep-dive-afm-4-5b-the-first-arcee-foundational-model
 */
export const arcee: Family = (context) => {
  const config = parseConfig(arceeSchema, context.config, context);
  const { hidden_size, intermediate_size: inner, hidden_act, mlp_bias: hasBias } = config;
  const shape = { width: hidden_size, inner, activation: hidden_act, hasBias };
  return llamaLike(context, config, {
    feedForward: (_, name) => plainLayer(`${name}.mlp`, shape, ["up_proj", "down_proj"]),
  });
};

const mistralSchema = z.object({
  hidden_size: width.default(4096),
  intermediate_size: width.default(14336),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-6),
  sliding_window: window.default(4096),
  layer_types: z.null("expected nothing: the layers of this model type are all of one kind").optional(),
});

/**
 * Mistral 7B: Llama, where every layer sees a window of positions.
 * @see https://arxiv.org/abs/2310.06825
 */
export const mistral: Family = (context) => {
  const config = parseConfig(mistralSchema, context.config, context);
  const window = config.sliding_window === null ? {} : { window: config.sliding_window };
  return llamaLike(context, config, { attention: () => ({ rotary: "positions", ...window }) });
};

const smollm3Schema = z.object({
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
 * SmolLM3: Llama, where every fourth layer has no rotary embedding.
 * @see https://huggingface.co/blog/smollm3
 */
export const smollm3: Family = (context) => {
  const config = parseConfig(smollm3Schema, context.config, context);
  const turns = turningLayers(config, context);
  const window = config.use_sliding_window ? config.sliding_window : null;
  const types =
    config.layer_types ??
    turns.map((does): LayerType => (window !== null && !does ? "sliding_attention" : "full_attention"));
  const windows = layerWindows(types, config.num_hidden_layers, window, context);
  return llamaLike(context, config, {
    attention: (i) => ({ ...(turns[i] && { rotary: "positions" }), ...windows[i] }),
    feedForwardBias: config.mlp_bias,
    theta: 2_000_000,
  });
};

function turningLayers(config: z.output<typeof smollm3Schema>, context: FamilyContext): readonly boolean[] {
  const { num_hidden_layers: layers, no_rope_layers: listed, no_rope_layer_interval: interval } = config;
  if (!listed) return Array.from({ length: layers }, (_, i) => (i + 1) % interval !== 0);
  if (listed.length < layers) {
    throw badConfig(context, "no_rope_layers", listed, `expected a number for each of the ${layers} layers`);
  }
  return listed.slice(0, layers).map((value) => value === 1);
}
