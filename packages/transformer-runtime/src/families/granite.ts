import { z } from "zod";
import type { DenseDescription, FeedForwardDescription } from "../description.ts";
import { linear } from "./blocks.ts";
import { checkExperts, stackedExpert } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaConfig } from "./llama.ts";
import { type LlamaDifferences, llamaLike } from "./llama-like.ts";
import { heads, parseConfig, positive } from "./read-config.ts";

const graniteConfig = {
  ...llamaConfig,
  embedding_multiplier: positive.default(1),
  attention_multiplier: positive.default(1),
  residual_multiplier: positive.default(1),
  logits_scaling: positive.default(1),
};

/** Llama with factors on input rows, scores, what layers add, and logits. */
function multiplied(
  config: z.output<z.ZodObject<typeof graniteConfig>>,
): Pick<LlamaDifferences, "attention" | "embeddingScale" | "residualScale" | "logitScale"> {
  return {
    attention: () => ({ rotary: "positions", scale: config.attention_multiplier }),
    embeddingScale: config.embedding_multiplier,
    residualScale: config.residual_multiplier,
    logitScale: 1 / config.logits_scaling,
  };
}

const graniteSchema = z.object({ ...graniteConfig, mlp_bias: z.boolean().default(false) });

/**
 * Granite 3.
 * @see https://arxiv.org/abs/2408.13359
 */
export const granite: Family = (context) => {
  const config = parseConfig(graniteSchema, context.config, context);
  return llamaLike(context, config, { ...multiplied(config), feedForwardBias: config.mlp_bias });
};

const expertsConfig = {
  ...graniteConfig,
  num_local_experts: heads.default(8),
  num_experts_per_tok: heads.default(2),
};

const expertsSchema = z.object(expertsConfig);

/** Granite with a mixture of experts in each layer. */
export const graniteMoe: Family = (context) => {
  const config = parseConfig(expertsSchema, context.config, context);
  return llamaLike(context, config, {
    ...multiplied(config),
    feedForward: (_, name) => graniteExperts(context, config, name),
  });
};

const sharedSchema = z.object({
  ...expertsConfig,
  shared_intermediate_size: z
    .int()
    .min(0)
    .max(2 ** 20)
    .default(0),
});

/** The same with an expert for all positions besides. */
export const graniteMoeShared: Family = (context) => {
  const config = parseConfig(sharedSchema, context.config, context);
  const { hidden_size: d, shared_intermediate_size: inner } = config;
  return llamaLike(context, config, {
    ...multiplied(config),
    feedForward(_, name) {
      if (inner === 0) return graniteExperts(context, config, name);
      const layer: DenseDescription = {
        kind: "gated-fused",
        gateUp: linear(`${name}.shared_mlp.input_linear`, [d, 2 * inner], false),
        down: linear(`${name}.shared_mlp.output_linear`, [inner, d], false),
        activation: config.hidden_act,
      };
      return graniteExperts(context, config, name, { layer });
    },
  });
};

/** @throws RevocabError `bad_config` */
function graniteExperts(
  context: FamilyContext,
  config: z.output<typeof expertsSchema>,
  layer: string,
  shared?: { readonly layer: DenseDescription },
): FeedForwardDescription {
  const { num_local_experts: experts, num_experts_per_tok: chosen, hidden_size } = config;
  const shape = {
    width: hidden_size,
    inner: config.intermediate_size,
    experts,
    chosen,
    activation: config.hidden_act,
  };
  checkExperts(context, config, shape);
  const name = `${layer}.block_sparse_moe`;
  const tensors = [`${name}.input_linear.weight`, `${name}.output_linear.weight`] as const;
  return {
    kind: "experts",
    router: {
      linear: linear(`${name}.router.layer`, [hidden_size, experts], false),
      scores: "softmax",
      chosen,
      normalized: true,
    },
    experts: Array.from({ length: experts }, (_, i) => stackedExpert(tensors, shape, i)),
    ...(shared && { shared }),
  };
}
