import { z } from "zod";
import { layerNormWithoutBias } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import { type AttentionDifferences, type LlamaDifferences, llamaLike } from "./llama-like.ts";
import {
  type AttentionShape,
  activation,
  epsilon,
  heads,
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

/** What the configs of both have in common. */
const cohereConfig = {
  hidden_size: width.default(8192),
  intermediate_size: width.default(22528),
  num_hidden_layers: layers.default(40),
  num_attention_heads: heads.default(64),
  num_key_value_heads: heads.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(8192),
  layer_norm_eps: epsilon.default(1e-5),
  logit_scale: positive.default(0.0625),
  attention_bias: z.boolean().default(false),
};

/** Attention and feed-forward layer read the same normalised input; logits are multiplied. */
function cohereLike(
  context: FamilyContext,
  config: z.output<z.ZodObject<typeof cohereConfig>>,
  { attention, theta }: Pick<LlamaDifferences, "attention" | "theta">,
) {
  return llamaLike(
    context,
    { ...config, rms_norm_eps: config.layer_norm_eps },
    {
      attention,
      theta,
      norm: layerNormWithoutBias,
      layerNorms: { beforeAttention: "input_layernorm", beforeFeedForward: "input_layernorm" },
      parallel: true,
      rotaryPairs: "neighbors",
      logitScale: config.logit_scale,
    },
  );
}

const cohereSchema = z.object({ ...cohereConfig, use_qk_norm: z.boolean().default(false) });

/**
 * Command R and R+.
 * @see https://docs.cohere.com/docs/command-r-plus
 */
export const cohere: Family = (context) => {
  const config = parseConfig(cohereSchema, context.config, context);
  return cohereLike(context, config, {
    attention: (_, name, shape) => ({
      rotary: "positions",
      ...(config.use_qk_norm && normsOfEachHead(name, shape, config.layer_norm_eps)),
    }),
    theta: 500_000,
  });
};

/** Each head has weights of its own. */
function normsOfEachHead(
  name: string,
  { heads: queries, keyValueHeads: keys, headWidth }: AttentionShape,
  eps: number,
): AttentionDifferences {
  const norm = (which: string, groups: number) => ({
    ...layerNormWithoutBias(`${name}.${which}`, headWidth, eps),
    groups,
  });
  return { queryKeyNorm: { over: "all-heads", query: norm("q_norm", queries), key: norm("k_norm", keys) } };
}

const cohere2Schema = z.object({
  ...cohereConfig,
  sliding_window: window.default(4096),
  sliding_window_pattern: z.int().min(1).default(4),
  layer_types: layerTypes.nullish(),
});

/**
 * Command R7B and A: three layers of four see a window, and those alone have a rotary embedding.
 * @see https://arxiv.org/abs/2504.00698
 */
export const cohere2: Family = (context) => {
  const config = parseConfig(cohere2Schema, context.config, context);
  const { num_hidden_layers, sliding_window_pattern: pattern } = config;
  const types = config.layer_types ?? slidingBut((i) => (i + 1) % pattern === 0, num_hidden_layers);
  const windows = layerWindows(types, num_hidden_layers, config.sliding_window, context);
  return cohereLike(context, config, {
    attention: (i) => (types[i] === "sliding_attention" ? { rotary: "positions", ...windows[i] } : {}),
  });
};
