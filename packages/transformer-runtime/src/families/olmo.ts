import { z } from "zod";
import { layeredRotary } from "../rotary/read-rotary.ts";
import type { MakeNorm } from "./blocks.ts";
import { checkExperts, routedExperts } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaConfig } from "./llama.ts";
import { allHeadNorms, type LlamaDifferences, llamaLike } from "./llama-like.ts";
import {
  attentionShape,
  cap,
  epsilon,
  heads,
  layerTypes,
  layerWindows,
  parseConfig,
  positive,
  slidingBut,
  window,
} from "./read-config.ts";

const withoutWeights: MakeNorm = (_, width, eps) => ({ kind: "layer", width, epsilon: eps });

const olmoSchema = z.object({ ...llamaConfig, clip_qkv: cap.default(null) });

/**
 * OLMo 1: norms have no weights; queries, keys and values may be cut.
 * @see https://arxiv.org/abs/2402.00838
 */
export const olmo: Family = (context) => {
  const config = parseConfig(olmoSchema, context.config, context);
  return llamaLike(
    context,
    { ...config, rms_norm_eps: 1e-5 },
    {
      attention: () => ({ rotary: "positions", ...clampOf(config.clip_qkv) }),
      norm: withoutWeights,
      anchor: "self_attn.q_proj.weight",
    },
  );
};

/** Norms stand after attention and feed-forward layer, before their sum with the input. */
const NORMS_AFTER = {
  afterAttention: "post_attention_layernorm",
  afterFeedForward: "post_feedforward_layernorm",
} satisfies LlamaDifferences["layerNorms"];

const olmo2Schema = z.object({ ...llamaConfig, rms_norm_eps: epsilon.default(1e-5) });

/**
 * OLMo 2: norms stand after attention and feed-forward layer; queries and keys are normalised over all heads at once.
 * @see https://arxiv.org/abs/2501.00656
 */
export const olmo2: Family = (context) => {
  const config = parseConfig(olmo2Schema, context.config, context);
  return llamaLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...allHeadNorms(name, shape, config.rms_norm_eps),
    }),
    layerNorms: NORMS_AFTER,
  });
};

const olmo3Schema = z.object({
  ...llamaConfig,
  rms_norm_eps: epsilon.default(1e-5),
  sliding_window: window.default(4096),
  layer_types: layerTypes.nullish(),
  rope_theta: positive.default(500_000),
});

/**
 * OLMo 3: OLMo 2, where three layers of four see a window, and a rotary scaling is for the others alone.
 * @see https://allenai.org/blog/olmo3
 */
export const olmo3: Family = (context) => {
  const config = parseConfig(olmo3Schema, context.config, context);
  const types = config.layer_types ?? slidingBut((i) => (i + 1) % 4 === 0, config.num_hidden_layers);
  const windows = layerWindows(types, config.num_hidden_layers, config.sliding_window, context);
  return llamaLike(context, config, {
    attention: (i, name, shape) => ({
      rotary: types[i]!,
      ...windows[i],
      ...allHeadNorms(name, shape, config.rms_norm_eps),
    }),
    layerNorms: NORMS_AFTER,
    rotary: layeredRotary(context, {
      headWidth: attentionShape(config, context).headWidth,
      contextLength: config.max_position_embeddings,
      thetas: { full_attention: config.rope_theta, sliding_attention: config.rope_theta },
      scaled: ["full_attention"],
    }),
  });
};

/** What the configs of the mixtures have in common. */
const expertsConfig = {
  ...llamaConfig,
  num_experts_per_tok: heads.default(8),
  num_experts: heads.default(64),
  norm_topk_prob: z.boolean().default(false),
};

/** @throws RevocabError `bad_config` */
function olmoExperts(
  context: FamilyContext,
  config: z.output<z.ZodObject<typeof expertsConfig>>,
): LlamaDifferences["feedForward"] {
  const { hidden_size, intermediate_size: inner, num_experts: experts, num_experts_per_tok: chosen } = config;
  const shape = { width: hidden_size, inner, experts, chosen, activation: config.hidden_act };
  checkExperts(context, config, shape);
  return (_, name) =>
    routedExperts(context, `${name}.mlp`, shape, {
      router: { scores: "softmax", normalized: config.norm_topk_prob },
    });
}

const olmoeSchema = z.object({
  ...expertsConfig,
  rms_norm_eps: epsilon.default(1e-5),
  clip_qkv: cap.default(null),
});

/**
 * OLMoE: a mixture of experts in each layer, with norms where Llama has them and queries and keys as in OLMo 2.
 * @see https://arxiv.org/abs/2409.02060
 */
export const olmoe: Family = (context) => {
  const config = parseConfig(olmoeSchema, context.config, context);
  return llamaLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...clampOf(config.clip_qkv),
      ...allHeadNorms(name, shape, config.rms_norm_eps),
    }),
    feedForward: olmoExperts(context, config),
  });
};

const flexOlmoSchema = z.object({
  ...expertsConfig,
  num_experts_per_tok: heads.default(5),
  num_experts: heads.default(7),
});

/**
 * FlexOlmo: OLMo 2 with a mixture of experts in each layer.
 * @see https://arxiv.org/abs/2507.07024
 */
export const flexOlmo: Family = (context) => {
  const config = parseConfig(flexOlmoSchema, context.config, context);
  return llamaLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...allHeadNorms(name, shape, config.rms_norm_eps),
    }),
    layerNorms: NORMS_AFTER,
    theta: 500_000,
    feedForward: olmoExperts(context, config),
  });
};

function clampOf(clip: number | null): { readonly clamp?: number } {
  return clip === null ? {} : { clamp: clip };
}
