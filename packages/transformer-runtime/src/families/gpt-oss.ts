import { z } from "zod";
import type { ExpertsDescription } from "../description.ts";
import { ropeParameters } from "../rotary/read-rotary.ts";
import { linear } from "./blocks.ts";
import { checkExperts, stackedExpert } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaLike, positionsOf } from "./llama-like.ts";
import {
  attentionShape,
  epsilon,
  heads,
  layers,
  layerTypes,
  layerWindows,
  length,
  parseConfig,
  slidingBut,
  width,
  window,
} from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(2880),
  intermediate_size: width.default(2880),
  num_hidden_layers: layers.default(36),
  num_attention_heads: heads.default(64),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.default(64),
  // The library computes one activation, whatever it is called.
  hidden_act: z.literal("silu").default("silu"),
  swiglu_limit: z.literal(7).default(7),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-5),
  attention_bias: z.boolean().default(true),
  sliding_window: window.default(128),
  layer_types: layerTypes.nullish(),
  num_local_experts: heads.default(128),
  num_experts_per_tok: heads.default(4),
});
type GptOssConfig = z.output<typeof schema>;

/** What a missing `rope_parameters` means. */
const STRETCHED = {
  rope_type: "yarn",
  factor: 32,
  beta_fast: 32,
  beta_slow: 1,
  truncate: false,
  original_max_position_embeddings: 4096,
};

/**
 * gpt-oss: a mixture of experts with biases, whose scores have a sink; every other layer sees a window.
 * @see https://arxiv.org/abs/2508.10925
 */
export const gptOss: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { num_hidden_layers: count, max_position_embeddings: contextLength } = config;
  const { num_local_experts: experts, num_experts_per_tok: chosen } = config;
  checkExperts(context, config, { experts, chosen });
  const types = config.layer_types ?? slidingBut((i) => i % 2 === 1, count);
  const windows = layerWindows(types, count, config.sliding_window, context);
  const { parameters } = ropeParameters(context.config, context);
  const isSilent = Object.keys(parameters).length === 0;
  const rotaryContext: FamilyContext = isSilent
    ? { ...context, config: { ...context.config, rope_parameters: STRETCHED } }
    : context;
  const shape = attentionShape(config, context);
  return llamaLike(
    context,
    { ...config, hidden_act: "quick-gelu" },
    {
      attention: (i, name) => ({ rotary: "positions", sinks: `${name}.sinks`, ...windows[i] }),
      rotary: { positions: positionsOf(rotaryContext, shape, { contextLength, theta: 150_000 }) },
      feedForward: (_, name) => expertsOf(`${name}.mlp`, config),
    },
  );
};

/** Stored with inputs first, the columns of gate and up in turn. */
function expertsOf(name: string, config: GptOssConfig): ExpertsDescription {
  const { hidden_size, intermediate_size: inner, num_local_experts: experts, swiglu_limit: limit } = config;
  const chosen = config.num_experts_per_tok;
  const shape = {
    width: hidden_size,
    inner,
    activation: "quick-gelu",
    hasBias: true,
    experts,
    chosen,
  } as const;
  const tensors = [`${name}.experts.gate_up_proj`, `${name}.experts.down_proj`] as const;
  return {
    kind: "experts",
    router: {
      linear: linear(`${name}.router`, [hidden_size, experts], true),
      scores: "softmax",
      chosen,
      normalized: true,
    },
    experts: Array.from({ length: experts }, (_, i) => ({
      ...stackedExpert(tensors, shape, i, "inputs-first"),
      order: "alternating",
      limit,
    })),
  };
}
