import { z } from "zod";
import { latentConfig, latentLike } from "./deepseek.ts";
import type { Family } from "./family.ts";
import { llamaConfig } from "./llama.ts";
import { type LlamaDifferences, llamaLike } from "./llama-like.ts";
import { epsilon, heads, layers, length, parseConfig, positive, width } from "./read-config.ts";

interface Scales {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly scale_emb: number;
  readonly scale_depth: number;
  readonly dim_model_base: number;
}

/** Factors on input rows, what layers add, and logits. */
function scaled(config: Scales): Pick<LlamaDifferences, "embeddingScale" | "residualScale" | "logitScale"> {
  return {
    embeddingScale: config.scale_emb,
    residualScale: config.scale_depth / Math.sqrt(config.num_hidden_layers),
    logitScale: config.dim_model_base / config.hidden_size,
  };
}

const minicpmSchema = z.object({
  ...llamaConfig,
  scale_emb: positive,
  scale_depth: positive,
  dim_model_base: positive,
  num_experts: z.literal(0).nullish(),
  sparse_config: z.null("expected null: sparse attention is not known").optional(),
});

/**
 * MiniCPM 1, 2 and 4: Llama with factors on input rows, what layers add, and logits.
 * @see https://arxiv.org/abs/2404.06395
 */
export const minicpm: Family = (context) => {
  const config = parseConfig(minicpmSchema, context.config, context);
  return llamaLike(context, config, scaled(config));
};

const minicpm3Schema = z.object({
  ...latentConfig,
  hidden_size: width.default(2560),
  intermediate_size: width.default(6400),
  num_hidden_layers: layers.default(62),
  num_attention_heads: heads.default(40),
  max_position_embeddings: length.default(32_768),
  rms_norm_eps: epsilon.default(1e-5),
  q_lora_rank: width.nullable().default(768),
  kv_lora_rank: width.default(256),
  qk_nope_head_dim: width.default(64),
  qk_rope_head_dim: width.default(32),
  v_head_dim: width.nullish(),
  scale_emb: positive.default(12),
  scale_depth: positive.nullable().default(1.4),
  dim_model_base: positive.nullable().default(256),
});

/** MiniCPM 3: the same with keys and values from a latent state, as in DeepSeek-V2. */
export const minicpm3: Family = (context) => {
  const config = parseConfig(minicpm3Schema, context.config, context);
  const { hidden_size, num_hidden_layers, num_attention_heads } = config;
  const scales = {
    ...config,
    scale_depth: config.scale_depth ?? Math.sqrt(num_hidden_layers),
    dim_model_base: config.dim_model_base ?? hidden_size,
  };
  const latent = {
    ...config,
    v_head_dim: config.v_head_dim ?? Math.trunc(hidden_size / num_attention_heads),
  };
  return latentLike(context, latent, "halves", scaled(scales));
};
