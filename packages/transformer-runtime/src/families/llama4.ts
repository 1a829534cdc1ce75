import { z } from "zod";
import type { ExpertsDescription } from "../description.ts";
import { gatedLayer, linear } from "./blocks.ts";
import { checkExperts, stackedExpert } from "./experts.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaLike } from "./llama-like.ts";
import {
  activation,
  badConfig,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  positive,
  width,
} from "./read-config.ts";

const schema = z.object({
  hidden_size: width.default(5120),
  intermediate_size: width.default(8192),
  intermediate_size_mlp: width.default(16384),
  num_hidden_layers: layers.default(48),
  num_attention_heads: heads.default(40),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.default(128),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-5),
  attention_bias: z.boolean().default(false),
  use_qk_norm: z.boolean().default(true),
  num_local_experts: heads.default(16),
  num_experts_per_tok: heads.default(1),
  moe_layers: z.array(z.int().min(0)).max(1000).nullish(),
  interleave_moe_layer_step: z.int().min(1).default(1),
  /** 1 where a layer turns its heads, 0 where it does not, in spite of the name. */
  no_rope_layers: z.array(z.int().min(0).max(1)).max(1000).nullish(),
  no_rope_layer_interval: z.int().min(1).default(4),
  layer_types: z
    .array(z.enum(["chunked_attention", "full_attention"]))
    .max(1000)
    .nullish(),
  attention_chunk_size: length.nullable().default(8192),
  attn_temperature_tuning: z.union([z.boolean(), z.int()]).default(true),
  floor_scale: positive.default(8192),
  attn_scale: z.number().default(0.1),
});
type Llama4Config = z.output<typeof schema>;

/**
 * The language model of Llama 4: three layers of four turn their heads and see stretches of positions; the others see all, with
 * queries that grow with the position.
 * @see https://ai.meta.com/blog/llama-4-multimodal-intelligence
 */
export const llama4: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const { num_hidden_layers: count, no_rope_layer_interval: interval } = config;
  const { num_local_experts: experts, num_experts_per_tok: chosen } = config;
  checkExperts(context, config, { experts, chosen });
  const listed = config.no_rope_layers?.length ? config.no_rope_layers : undefined;
  const turns = listed?.map((value) => value === 1) ?? upTo(count, (i) => (i + 1) % interval !== 0);
  requireEach(context, "no_rope_layers", turns, count);
  const types = config.layer_types ?? turns.map((does) => (does ? "chunked_attention" : "full_attention"));
  requireEach(context, "layer_types", types, count);
  const step = config.interleave_moe_layer_step;
  const withExperts = config.moe_layers ?? upTo(count, (i) => i).filter((i) => (i + 1) % step === 0);
  const chunk = config.attention_chunk_size;
  return llamaLike(
    context,
    { ...config, intermediate_size: config.intermediate_size_mlp },
    {
      attention: (i, _, { headWidth }) => ({
        ...(turns[i] && { rotary: "positions", ...(config.use_qk_norm && unweighted(headWidth, config)) }),
        ...(types[i] === "chunked_attention" && chunk !== null && { chunk }),
        ...(!turns[i] &&
          config.attn_temperature_tuning && {
            temperature: { every: config.floor_scale, factor: config.attn_scale },
          }),
      }),
      // The vision model's tensors have the names of the norms, too.
      anchor: withExperts.includes(0) ? "feed_forward.router.weight" : "feed_forward.gate_proj.weight",
      rotaryPairs: "neighbors",
      theta: 500_000,
      feedForward: (i, name) =>
        withExperts.includes(i)
          ? expertsOf(`${name}.feed_forward`, config)
          : gatedLayer(`${name}.feed_forward`, {
              width: config.hidden_size,
              inner: config.intermediate_size_mlp,
              activation: config.hidden_act,
            }),
    },
  );
};

function upTo<Value>(count: number, make: (i: number) => Value): Value[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function requireEach(context: FamilyContext, key: string, values: readonly unknown[], count: number): void {
  if (values.length === count) return;
  throw badConfig(context, key, values, `expected one for each of the ${count} layers`);
}

/** Norms of queries and keys that have turned; they have no weight. */
function unweighted(width: number, { rms_norm_eps: epsilon }: Llama4Config) {
  const norm = { kind: "rms", width, epsilon } as const;
  return { queryKeyNorm: { over: "head", query: norm, key: norm, turned: true } } as const;
}

/** Experts are stored with inputs first, and read what their score has multiplied. */
function expertsOf(name: string, config: Llama4Config): ExpertsDescription {
  const { hidden_size, intermediate_size: inner, num_local_experts: experts, hidden_act } = config;
  const chosen = config.num_experts_per_tok;
  const shape = { width: hidden_size, inner, activation: hidden_act, experts, chosen };
  const tensors = [`${name}.experts.gate_up_proj`, `${name}.experts.down_proj`] as const;
  return {
    kind: "experts",
    router: {
      linear: linear(`${name}.router`, [hidden_size, experts], false),
      scores: "sigmoid",
      chosen,
      weighs: "input",
    },
    experts: upTo(experts, (i) => stackedExpert(tensors, shape, i, "inputs-first")),
    shared: { layer: gatedLayer(`${name}.shared_expert`, shape) },
  };
}
