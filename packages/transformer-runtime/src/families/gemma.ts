import { z } from "zod";
import { layeredRotary } from "../rotary/read-rotary.ts";
import { rmsNormPlusOne } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import { headNorms, type LlamaDifferences, llamaLike } from "./llama-like.ts";
import {
  absent,
  activation,
  attentionShape,
  cap,
  epsilon,
  heads,
  type LayerType,
  layers,
  layerTypes,
  layerWindows,
  length,
  parseConfig,
  positive,
  slidingBut,
  width,
  window,
} from "./read-config.ts";

const gemmaSchema = z.object({
  hidden_size: width.default(3072),
  intermediate_size: width.default(24576),
  num_hidden_layers: layers.default(28),
  num_attention_heads: heads.default(16),
  num_key_value_heads: heads.default(16),
  head_dim: width.default(256),
  // The first configs say gelu, but the models were trained with the approximation.
  hidden_act: activation.transform((name) => (name === "gelu" ? "gelu-tanh" : name)).default("gelu-tanh"),
  max_position_embeddings: length.default(8192),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  use_bidirectional_attention: absent,
});

/**
 * Gemma 1: Llama with rows multiplied by √d and norms stored as their distance from one.
 * @see https://arxiv.org/abs/2403.08295
 */
export const gemma: Family = (context) => {
  const config = parseConfig(gemmaSchema, context.config, context);
  return llamaLike(context, config, {
    norm: rmsNormPlusOne,
    embeddingScale: Math.sqrt(config.hidden_size),
  });
};

/** What the configs of Gemma 2 and 3 have in common. */
const laterConfig = {
  hidden_size: width.default(2304),
  intermediate_size: width.default(9216),
  num_hidden_layers: layers.default(26),
  num_attention_heads: heads.default(8),
  num_key_value_heads: heads.default(4),
  head_dim: width.default(256),
  hidden_activation: activation.default("gelu-tanh"),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: positive.default(256),
  sliding_window: window.default(4096),
  layer_types: layerTypes.nullish(),
  use_bidirectional_attention: absent,
};

/** Gemma 1 with norms before and after attention and feed-forward layer, and with windows in most layers. */
function laterGemma(
  context: FamilyContext,
  config: z.output<z.ZodObject<typeof laterConfig>> & {
    readonly max_position_embeddings: number;
    readonly final_logit_softcapping: number | null;
  },
  types: readonly LayerType[],
  { attention, rotary }: Pick<LlamaDifferences, "attention" | "rotary">,
) {
  const windows = layerWindows(types, config.num_hidden_layers, config.sliding_window, context);
  const scale = 1 / Math.sqrt(config.query_pre_attn_scalar);
  return llamaLike(
    context,
    { ...config, hidden_act: config.hidden_activation },
    {
      attention: (i, name, shape) => ({ scale, ...windows[i], ...attention?.(i, name, shape) }),
      norm: rmsNormPlusOne,
      layerNorms: {
        beforeAttention: "input_layernorm",
        afterAttention: "post_attention_layernorm",
        beforeFeedForward: "pre_feedforward_layernorm",
        afterFeedForward: "post_feedforward_layernorm",
      },
      rotary,
      embeddingScale: Math.sqrt(config.hidden_size),
      logitCap: config.final_logit_softcapping,
    },
  );
}

const gemma2Schema = z.object({
  ...laterConfig,
  max_position_embeddings: length.default(8192),
  final_logit_softcapping: cap.default(30),
  attn_logit_softcapping: cap.default(50),
});

/**
 * Gemma 2: scores and logits are capped, every other layer sees a window.
 * @see https://arxiv.org/abs/2408.00118
 */
export const gemma2: Family = (context) => {
  const config = parseConfig(gemma2Schema, context.config, context);
  const scoreCap = config.attn_logit_softcapping;
  const types = config.layer_types ?? slidingBut((i) => i % 2 === 1, config.num_hidden_layers);
  return laterGemma(context, config, types, {
    attention: () => ({ rotary: "positions", ...(scoreCap !== null && { softCap: scoreCap }) }),
  });
};

const gemma3Schema = z.object({
  ...laterConfig,
  max_position_embeddings: length.default(131_072),
  sliding_window_pattern: z.int().min(1).default(6),
  final_logit_softcapping: cap.default(null),
  attn_logit_softcapping: z
    .null("expected null: the library does not cap the scores of this model")
    .optional(),
  rope_theta: positive.default(1_000_000),
  rope_local_base_freq: positive.default(10_000),
});

/**
 * The language model of Gemma 3: five layers of six see a window and turn by angles of their own; queries and keys are
 * normalised.
 * @see https://arxiv.org/abs/2503.19786
 */
export const gemma3: Family = (context) => {
  const config = parseConfig(gemma3Schema, context.config, context);
  const pattern = config.sliding_window_pattern;
  const types = config.layer_types ?? slidingBut((i) => (i + 1) % pattern === 0, config.num_hidden_layers);
  return laterGemma(context, config, types, {
    attention: (i, name, shape) => ({
      rotary: types[i]!,
      ...headNorms(name, shape, config.rms_norm_eps, rmsNormPlusOne),
    }),
    rotary: layeredRotary(context, {
      headWidth: attentionShape(config, context).headWidth,
      contextLength: config.max_position_embeddings,
      thetas: { full_attention: config.rope_theta, sliding_attention: config.rope_local_base_freq },
      scaled: ["full_attention"],
    }),
  });
};
