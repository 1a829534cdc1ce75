import { z } from "zod";
import { gatedLayer } from "./blocks.ts";
import { checkExperts, routedExperts } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { type LlamaDifferences, llamaLike } from "./llama-like.ts";
import { activation, epsilon, heads, layers, length, parseConfig, width } from "./read-config.ts";

/** What the configs of both have in common. */
const ernieConfig = {
  hidden_size: width.default(1024),
  intermediate_size: width.default(3072),
  num_hidden_layers: layers.default(18),
  num_attention_heads: heads.default(16),
  num_key_value_heads: heads.nullable().default(2),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-5),
  use_bias: z.boolean().default(false),
};

/** Llama with biases everywhere or nowhere, whose columns turn in neighboring pairs. */
function ernieLike(
  context: FamilyContext,
  config: z.output<z.ZodObject<typeof ernieConfig>> & { readonly head_dim?: number | null | undefined },
  feedForward?: LlamaDifferences["feedForward"],
) {
  return llamaLike(
    context,
    { ...config, attention_bias: config.use_bias },
    { feedForward, feedForwardBias: config.use_bias, rotaryPairs: "neighbors", theta: 500_000 },
  );
}

const ernieSchema = z.object({ ...ernieConfig, head_dim: width.nullable().default(128) });

/**
 * ERNIE 4.5 0.3B.
 * @see https://ernie.baidu.com/blog/publication/ERNIE_Technical_Report.pdf
 */
export const ernie45: Family = (context) =>
  ernieLike(context, parseConfig(ernieSchema, context.config, context));

const expertsSchema = z.object({
  ...ernieConfig,
  hidden_size: width.default(2560),
  intermediate_size: width.default(12288),
  num_hidden_layers: layers.default(28),
  num_attention_heads: heads.default(20),
  num_key_value_heads: heads.nullable().default(4),
  head_dim: width.nullish(),
  moe_intermediate_size: width.default(1536),
  moe_k: heads.default(6),
  moe_num_experts: heads.default(64),
  moe_num_shared_experts: z.int().min(0).max(1000).default(2),
  moe_layer_start_index: z.int().min(0).default(1),
  moe_layer_end_index: z.int().min(-1).default(-1),
  moe_layer_interval: z.int().min(1).default(1),
  // Far below any sum of scores, so that it need not be computed.
  moe_norm_min: z.number().min(0).max(1e-6).default(1e-12),
});

/** ERNIE 4.5 21B-A3B and 300B-A47B: with a mixture of experts in most layers. */
export const ernie45Moe: Family = (context) => {
  const config = parseConfig(expertsSchema, context.config, context);
  const { hidden_size, moe_intermediate_size: inner, moe_num_experts: experts, hidden_act } = config;
  const { moe_num_shared_experts: shared, use_bias: hasBias } = config;
  const shape = { width: hidden_size, inner, experts, chosen: config.moe_k, activation: hidden_act, hasBias };
  checkExperts(context, config, shape, "moe_k");
  const last = config.moe_layer_end_index === -1 ? config.num_hidden_layers - 1 : config.moe_layer_end_index;
  return ernieLike(context, config, (i, layer) => {
    const hasExperts =
      (i + 1) % config.moe_layer_interval === 0 && i >= config.moe_layer_start_index && i <= last;
    if (!hasExperts) return undefined;
    const name = `${layer}.mlp`;
    return routedExperts(context, name, shape, {
      router: {
        scores: "softmax",
        correction: { tensor: `${name}.moe_statics.e_score_correction_bias`, shape: [1, experts] },
        normalized: true,
      },
      ...(shared > 0 && {
        shared: { layer: gatedLayer(`${name}.shared_experts`, { ...shape, inner: inner * shared }) },
      }),
    });
  });
};
