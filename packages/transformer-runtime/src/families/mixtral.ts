import { z } from "zod";
import { checkExperts, routedExperts } from "./experts.ts";
import type { Family } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width, window } from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(4096),
  intermediate_size: width.default(14336),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-5),
  sliding_window: window.default(null),
  num_local_experts: heads.default(8),
  num_experts_per_tok: heads.default(2),
});

/**
 * Mixtral: Mistral with a mixture of experts in place of the feed-forward layer.
 * @see https://arxiv.org/abs/2401.04088
 */
export const mixtral: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { num_local_experts: experts, num_experts_per_tok: chosen, sliding_window } = config;
  const { hidden_size, intermediate_size: inner, hidden_act } = config;
  const shape = { width: hidden_size, inner, experts, chosen, activation: hidden_act };
  checkExperts(context, config, shape);
  const window = sliding_window === null ? {} : { window: sliding_window };
  return llamaLike(context, config, {
    attention: () => ({ rotary: "positions", ...window }),
    theta: 1_000_000,
    feedForward: (_, name) =>
      routedExperts(context, `${name}.block_sparse_moe`, shape, {
        router: { scores: "softmax", normalized: true },
        names: { gate: "w1", up: "w3", down: "w2" },
      }),
  });
};
