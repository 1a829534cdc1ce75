import { z } from "zod";
import type { Activation, ExpertsDescription } from "../description.ts";
import { gatedLayer, linear } from "./blocks.ts";
import { checkExperts, routedExperts } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { headNorms, type LlamaDifferences, llamaLike } from "./llama-like.ts";
import {
  activation,
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
  withNames,
} from "./read-config.ts";

/** What the configs of Qwen 2 and 3 have in common. */
const qwenConfig = {
  hidden_size: width.default(4096),
  intermediate_size: width.default(22016),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(32),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(32_768),
  rms_norm_eps: epsilon.default(1e-6),
  use_sliding_window: z.boolean().default(false),
  sliding_window: window.default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes.nullish(),
};

const qwen2Schema = z.object({ ...qwenConfig, head_dim: width.nullish() });

/**
 * Qwen 2 and 2.5: Llama with biases on queries, keys and values, whose later layers may see a window.
 * @see https://arxiv.org/abs/2407.10671
 */
export const qwen2: Family = (context) => {
  const config = parseConfig(qwen2Schema, context.config, context);
  const windows = windowsOf(config, context);
  return llamaLike(context, config, {
    attention: (i) => ({ rotary: "positions", ...windows[i] }),
    attentionBiases: { projection: true, output: false },
  });
};

const qwen3Schema = z.object({
  ...qwenConfig,
  head_dim: width.default(128),
  attention_bias: z.boolean().default(false),
});

/**
 * Qwen 3: Llama with heads of a width of their own, whose queries and keys are normalised before they turn.
 * @see https://arxiv.org/abs/2505.09388
 */
export const qwen3: Family = (context) => {
  const config = parseConfig(qwen3Schema, context.config, context);
  const windows = windowsOf(config, context);
  return llamaLike(context, config, {
    attention: (i, name, shape) => ({
      rotary: "positions",
      ...windows[i],
      ...headNorms(name, shape, config.rms_norm_eps),
    }),
  });
};

/** What the configs of Qwen's mixtures have in common. */
const expertsConfig = {
  moe_intermediate_size: width.default(1408),
  num_experts_per_tok: heads.default(4),
  norm_topk_prob: z.boolean().default(false),
  decoder_sparse_step: z.int().min(1).default(1),
  mlp_only_layers: z.array(z.int().min(0)).max(1000).nullish(),
};

/**
 * Every `decoder_sparse_step`-th layer is a mixture, but those that are listed.
 * @throws RevocabError `bad_config`
 */
function qwenExperts(
  context: FamilyContext,
  config: z.output<z.ZodObject<typeof expertsConfig>> & {
    readonly num_hidden_layers: number;
    readonly hidden_size: number;
    readonly hidden_act: Activation;
  },
  experts: number,
  sharedOf: (name: string) => ExpertsDescription["shared"] = () => undefined,
): LlamaDifferences["feedForward"] {
  const { hidden_size, moe_intermediate_size: inner, num_experts_per_tok: chosen, hidden_act } = config;
  const shape = { width: hidden_size, inner, experts, chosen, activation: hidden_act };
  checkExperts(context, config, shape);
  return (i, name) => {
    if (config.mlp_only_layers?.includes(i) || (i + 1) % config.decoder_sparse_step !== 0) return undefined;
    return routedExperts(context, `${name}.mlp`, shape, {
      router: { scores: "softmax", normalized: config.norm_topk_prob },
      shared: sharedOf(`${name}.mlp`),
    });
  };
}

const qwen2MoeSchema = z.object({
  ...qwenConfig,
  ...expertsConfig,
  hidden_size: width.default(2048),
  intermediate_size: width.default(5632),
  num_hidden_layers: layers.default(24),
  num_attention_heads: heads.default(16),
  num_key_value_heads: heads.nullable().default(16),
  sliding_window: length.or(z.literal(0)).nullable().default(4096),
  num_experts: heads.default(60),
  shared_expert_intermediate_size: width.default(5632),
  qkv_bias: z.boolean().default(true),
});

/**
 * Qwen 1.5 and 2 with a mixture of experts in place of the feed-forward layer, besides an expert for all positions.
 * @see https://qwenlm.github.io/blog/qwen-moe
 */
export const qwen2Moe: Family = (context) => {
  const config = parseConfig(qwen2MoeSchema, context.config, context);
  const { hidden_size: d, shared_expert_intermediate_size: inner, hidden_act: activation } = config;
  const windows = windowsOf({ ...config, sliding_window: config.sliding_window || null }, context);
  return llamaLike(context, config, {
    attention: (i) => ({ rotary: "positions", ...windows[i] }),
    attentionBiases: { projection: config.qkv_bias, output: false },
    feedForward: qwenExperts(context, config, config.num_experts, (name) => ({
      layer: gatedLayer(`${name}.shared_expert`, { width: d, inner, activation }),
      gate: linear(`${name}.shared_expert_gate`, [d, 1], false),
    })),
  });
};

const qwen3MoeSchema = z.object({
  ...qwenConfig,
  ...expertsConfig,
  hidden_size: width.default(2048),
  intermediate_size: width.default(6144),
  num_hidden_layers: layers.default(24),
  num_key_value_heads: heads.nullable().default(4),
  head_dim: width.nullish(),
  attention_bias: z.boolean().default(false),
  moe_intermediate_size: width.default(768),
  num_experts_per_tok: heads.default(8),
  num_local_experts: heads.default(128),
});

/**
 * Qwen 3 with a mixture of experts in place of the feed-forward layer; all layers see a window, or none does.
 * @see https://arxiv.org/abs/2505.09388
 */
export const qwen3Moe: Family = (context) => {
  const names = { num_experts: "num_local_experts" };
  const config = parseConfig(qwen3MoeSchema, withNames(context.config, names), context);
  const window = config.use_sliding_window ? config.sliding_window : null;
  return llamaLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...(window !== null && { window }),
      ...headNorms(name, shape, config.rms_norm_eps),
    }),
    feedForward: qwenExperts(context, config, config.num_local_experts),
  });
};

/** The first layers see all positions; a config may name a window without using it. */
function windowsOf(config: z.output<z.ZodObject<typeof qwenConfig>>, context: FamilyContext) {
  const window = config.use_sliding_window ? config.sliding_window : null;
  const isSliding = (i: number) => window !== null && i >= config.max_window_layers;
  const types = Array.from(
    { length: config.num_hidden_layers },
    (_, i): LayerType => (isSliding(i) ? "sliding_attention" : "full_attention"),
  );
  return layerWindows(config.layer_types ?? types, config.num_hidden_layers, window, context);
}
