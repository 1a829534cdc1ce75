import { z } from "zod";
import type { Activation, LatentProjection, RouterDescription } from "../description.ts";
import { ropeParameters } from "../rotary/read-rotary.ts";
import { gatedLayer, linear, rmsNorm } from "./blocks.ts";
import { checkExperts, type RouterDifferences, routedExperts } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { headNorms, type LlamaDifferences, llamaLike, positionsOf } from "./llama-like.ts";
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
  positive,
  width,
  window,
} from "./read-config.ts";

/** What the configs of models with latent states say. */
export const latentConfig = {
  hidden_size: width.default(7168),
  intermediate_size: width.default(18432),
  num_hidden_layers: layers.default(61),
  num_attention_heads: heads.default(128),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(4096),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  q_lora_rank: width.nullable().default(1536),
  kv_lora_rank: width.default(512),
  qk_nope_head_dim: width.default(128),
  qk_rope_head_dim: width.default(64),
  v_head_dim: width.default(128),
};
type LatentConfig = z.output<z.ZodObject<typeof latentConfig>>;

/** The norms of latent states have the library's default, whatever the config says of the others. */
const LATENT_EPSILON = 1e-6;

/**
 * Llama whose keys and values come from a latent state.
 * @see https://arxiv.org/abs/2405.04434
 */
export function latentLike(
  context: FamilyContext,
  config: LatentConfig,
  pairs: "halves" | "neighbors",
  differences: Pick<LlamaDifferences, "feedForward" | "embeddingScale" | "residualScale" | "logitScale">,
) {
  const { num_attention_heads: count, qk_nope_head_dim: still, qk_rope_head_dim: turning } = config;
  const headWidth = still + turning;
  const contextLength = config.max_position_embeddings;
  const positions = positionsOf(context, { headWidth: turning }, { contextLength, theta: 10_000 });
  return llamaLike(
    context,
    { ...config, num_key_value_heads: count, head_dim: headWidth },
    {
      attention: (_, name) => ({
        headWidth,
        valueWidth: config.v_head_dim,
        projection: latentProjection(name, config, headWidth),
        output: linear(
          `${name}.o_proj`,
          [count * config.v_head_dim, config.hidden_size],
          config.attention_bias,
        ),
        rotary: "positions",
        scale: sharpening(context) / Math.sqrt(headWidth),
      }),
      rotary: { positions: { ...positions, pairs } },
      ...differences,
    },
  );
}

function latentProjection(name: string, config: LatentConfig, headWidth: number): LatentProjection {
  const { hidden_size: d, num_attention_heads: count, kv_lora_rank: rank, attention_bias } = config;
  const { qk_nope_head_dim: still, qk_rope_head_dim: turning, v_head_dim: valueWidth } = config;
  return {
    kind: "latent",
    query: queryOf(name, config, count * headWidth),
    down: linear(`${name}.kv_a_proj_with_mqa`, [d, rank + turning], attention_bias),
    norm: rmsNorm(`${name}.kv_a_layernorm`, rank, LATENT_EPSILON),
    up: linear(`${name}.kv_b_proj`, [rank, count * (still + valueWidth)], false),
    turning,
  };
}

function queryOf(
  name: string,
  { hidden_size: d, q_lora_rank: rank, attention_bias }: LatentConfig,
  columns: number,
): LatentProjection["query"] {
  if (rank === null) return linear(`${name}.q_proj`, [d, columns], false);
  return {
    down: linear(`${name}.q_a_proj`, [d, rank], attention_bias),
    norm: rmsNorm(`${name}.q_a_layernorm`, rank, LATENT_EPSILON),
    up: linear(`${name}.q_b_proj`, [rank, columns], false),
  };
}

const sharpeningSchema = z.object({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  factor: positive.nullish(),
  mscale_all_dim: z.number().nullish(),
});

/** What scores are multiplied by in a model that was stretched to longer sequences. */
function sharpening(context: FamilyContext): number {
  const { parameters, place } = ropeParameters(context.config, context);
  const { rope_type, type, factor, mscale_all_dim: scale } = parseConfig(sharpeningSchema, parameters, place);
  const isStretched = (rope_type ?? type ?? "default") !== "default";
  if (!isStretched || !scale || !factor || factor <= 1) return 1;
  return (0.1 * scale * Math.log(factor) + 1) ** 2;
}

/** What the configs of DeepSeek's mixtures say. */
const expertsConfig = {
  moe_intermediate_size: width.default(2048),
  num_experts_per_tok: heads.default(8),
  n_routed_experts: heads.default(256),
  n_shared_experts: z.int().min(0).max(1000).nullable().default(1),
  n_group: heads.nullable().default(1),
  topk_group: heads.nullable().default(1),
  routed_scaling_factor: positive.default(1),
  first_k_dense_replace: z.int().min(0).max(1000).default(0),
  moe_layer_freq: z.literal(1).default(1),
};
type ExpertsConfig = z.output<z.ZodObject<typeof expertsConfig>> & {
  readonly num_hidden_layers: number;
  readonly hidden_size: number;
  readonly hidden_act: Activation;
};

/** Layers after the first `first_k_dense_replace` are mixtures, with experts for all positions besides. */
function layersOfExperts(
  context: FamilyContext,
  config: ExpertsConfig,
  routerOf: (name: string) => RouterDifferences,
): LlamaDifferences["feedForward"] {
  const { hidden_size, moe_intermediate_size: inner, hidden_act, n_shared_experts: shared } = config;
  const { n_routed_experts: experts, num_experts_per_tok: chosen } = config;
  const shape = { width: hidden_size, inner, experts, chosen, activation: hidden_act };
  checkExperts(context, config, shape);
  return (i, layer) => {
    if (i < config.first_k_dense_replace) return undefined;
    const name = `${layer}.mlp`;
    const ofAll = { width: hidden_size, inner: inner * (shared ?? 0), activation: hidden_act };
    return routedExperts(context, name, shape, {
      router: {
        ...routerOf(name),
        ...(config.routed_scaling_factor !== 1 && { scale: config.routed_scaling_factor }),
      },
      ...(shared && { shared: { layer: gatedLayer(`${name}.shared_experts`, ofAll) } }),
    });
  };
}

/**
 * The groups that experts are chosen from; none where all are one group.
 * @throws RevocabError `bad_config`
 */
function groupsOf(
  context: FamilyContext,
  { n_group, topk_group, n_routed_experts: experts, num_experts_per_tok: chosen }: ExpertsConfig,
  by: "best" | "best-two",
): Pick<RouterDescription, "groups"> {
  const [count, best] = [n_group ?? 1, topk_group ?? 1];
  if (count === 1) return {};
  const size = experts / count;
  if (!Number.isInteger(size) || (by === "best-two" && size < 2)) {
    throw badConfig(context, "n_group", count, `expected groups of equal size of the ${experts} experts`);
  }
  if (best > count || best * size < chosen) {
    const expected = `expected at most ${count} groups, with at least the ${chosen} experts of a position`;
    throw badConfig(context, "topk_group", best, expected);
  }
  return { groups: { count, chosen: best, by } };
}

const deepseekV2Schema = z.object({
  ...latentConfig,
  ...expertsConfig,
  hidden_size: width.default(4096),
  intermediate_size: width.default(11008),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  max_position_embeddings: length.default(2048),
  moe_intermediate_size: width.default(1407),
  num_experts_per_tok: heads,
  n_routed_experts: heads.default(64),
  n_shared_experts: z.int().min(0).max(1000).nullable().default(2),
  topk_method: z.enum(["greedy", "group_limited_greedy"]).default("greedy"),
  scoring_func: z.literal("softmax").default("softmax"),
  norm_topk_prob: z.literal(false).nullish(),
});

/**
 * DeepSeek-V2 and V2-Lite.
 * @see https://arxiv.org/abs/2405.04434
 */
export const deepseekV2: Family = (context) => {
  const config = parseConfig(deepseekV2Schema, context.config, context);
  const groups = config.topk_method === "greedy" ? {} : groupsOf(context, config, "best");
  const feedForward = layersOfExperts(context, config, () => ({ scores: "softmax", ...groups }));
  return latentLike(context, config, "neighbors", { feedForward });
};

/** What the configs of mixtures say that choose experts as DeepSeek-V3 does. */
export const sigmoidExpertsConfig = {
  ...expertsConfig,
  norm_topk_prob: z.boolean().default(true),
  scoring_func: z.literal("sigmoid").default("sigmoid"),
  topk_method: z.literal("noaux_tc").default("noaux_tc"),
};

/**
 * Experts are chosen by the sigmoid of their score and a correction that keeps them equally busy.
 * @throws RevocabError `bad_config`
 */
export function sigmoidExperts(
  context: FamilyContext,
  config: ExpertsConfig & { readonly norm_topk_prob: boolean },
): LlamaDifferences["feedForward"] {
  const groups = groupsOf(context, config, "best-two");
  return layersOfExperts(context, config, (name) => ({
    scores: "sigmoid",
    correction: { tensor: `${name}.gate.e_score_correction_bias`, shape: [config.n_routed_experts] },
    ...groups,
    normalized: config.norm_topk_prob,
  }));
}

const deepseekV3Schema = z.object({
  ...latentConfig,
  ...sigmoidExpertsConfig,
  n_group: heads.nullable().default(8),
  topk_group: heads.nullable().default(4),
  routed_scaling_factor: positive.default(2.5),
  first_k_dense_replace: z.int().min(0).max(1000).default(3),
  rope_interleave: z.boolean().default(true),
});

/**
 * DeepSeek-V3 and R1, and Moonlight; the layer that predicts a second token is not run.
 * @see https://arxiv.org/abs/2412.19437
 */
export const deepseekV3: Family = (context) => {
  const config = parseConfig(deepseekV3Schema, context.config, context);
  const pairs = config.rope_interleave ? "neighbors" : "halves";
  return latentLike(context, config, pairs, { feedForward: sigmoidExperts(context, config) });
};

const dots1Schema = z.object({
  ...sigmoidExpertsConfig,
  hidden_size: width.default(4608),
  intermediate_size: width.default(10944),
  num_hidden_layers: layers.default(62),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullish(),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(2048),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  moe_intermediate_size: width.default(1408),
  num_experts_per_tok: heads,
  n_routed_experts: heads,
  n_shared_experts: z.int().min(1).max(1000),
  norm_topk_prob: z.boolean().default(false),
  // The library reads neither.
  scoring_func: z.string().nullish(),
  topk_method: z.string().nullish(),
  sliding_window: window.default(4096),
  max_window_layers: z.int().min(0).default(62),
  layer_types: layerTypes.nullish(),
});

/**
 * dots.llm1: Qwen 3's attention with a mixture of experts as in DeepSeek-V3.
 * @see https://arxiv.org/abs/2506.05767
 */
export const dots1: Family = (context) => {
  const config = parseConfig(dots1Schema, context.config, context);
  const { num_hidden_layers: count, sliding_window, max_window_layers } = config;
  const isSliding = (i: number) => sliding_window !== null && i >= max_window_layers;
  const types = Array.from(
    { length: count },
    (_, i): LayerType => (isSliding(i) ? "sliding_attention" : "full_attention"),
  );
  const windows = layerWindows(config.layer_types ?? types, count, sliding_window, context);
  return llamaLike(context, config, {
    attention: (i, name, shape) => ({
      rotary: "positions",
      ...windows[i],
      ...headNorms(name, shape, config.rms_norm_eps),
    }),
    feedForward: sigmoidExperts(context, config),
  });
};
