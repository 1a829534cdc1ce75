import { z } from "zod";
import { layerNormWithBias, type MakeNorm, plainLayer } from "./blocks.ts";
import type { Family } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width } from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(6144),
  intermediate_size: width.default(24576),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(48),
  num_key_value_heads: heads.nullish(),
  head_dim: width.nullish(),
  hidden_act: activation.default("relu-squared"),
  max_position_embeddings: length.default(4096),
  norm_eps: epsilon.default(1e-5),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

const plusOne: MakeNorm = (...which) => ({ ...layerNormWithBias(...which), weightPlusOne: true });

/**
 * Nemotron-4 and Minitron: layer norms stored as their distance from one, heads that turn half of their columns, no gate.
 * @see https://arxiv.org/abs/2402.16819
 */
export const nemotron: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { hidden_size, intermediate_size: inner, hidden_act: activation, mlp_bias: hasBias } = config;
  const shape = { width: hidden_size, inner, activation, hasBias };
  return llamaLike(
    context,
    { ...config, rms_norm_eps: config.norm_eps },
    {
      norm: plusOne,
      feedForward: (_, name) => plainLayer(`${name}.mlp`, shape, ["up_proj", "down_proj"]),
      rotaryShare: 0.5,
    },
  );
};
