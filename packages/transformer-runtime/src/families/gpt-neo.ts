import { z } from "zod";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import {
  activation,
  attentionShape,
  badConfig,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  rows,
  width,
  withNames,
} from "./read-config.ts";

const NAMES = { num_hidden_layers: "num_layers", num_attention_heads: "num_heads" };

/** Kinds of layers. */
const kinds = z.array(z.enum(["global", "local"])).max(1000);

const schema = z.object({
  max_position_embeddings: rows.default(2048),
  hidden_size: width.default(2048),
  num_layers: layers.default(24),
  num_heads: heads.default(16),
  intermediate_size: width.nullish(),
  /** The kind of each layer. */
  attention_layers: kinds.nullish(),
  /** Kinds of layers, and how often they repeat, where `attention_layers` does not say it. */
  attention_types: z
    .array(z.tuple([kinds, z.int().min(1).max(1000)]))
    .max(1000)
    .default([[["global", "local"], 12]]),
  window_size: length.default(256),
  activation_function: activation.default("gelu-tanh"),
  layer_norm_epsilon: epsilon.default(1e-5),
});

/**
 * GPT-Neo: learned positions, every other layer sees a window, and scores are not scaled.
 * @see https://github.com/EleutherAI/gpt-neo
 */
export const gptNeo: Family = (context) => {
  const config = parseConfig(schema, withNames(context.config, NAMES), context);
  const { hidden_size: d, max_position_embeddings: positions } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_heads }, context);
  const types = kindsOf(config, context);
  const norm = (name: string) => layerNorm(name, d, config.layer_norm_epsilon, true);
  const prefix = context.prefixBefore("h.0.ln_1.weight");
  const dense = {
    width: d,
    inner: config.intermediate_size ?? 4 * d,
    activation: config.activation_function,
    hasBias: true,
  };
  return {
    kind: "causal",
    width: d,
    contextLength: positions,
    embedding: { positions: { tensor: `${prefix}wpe.weight`, rows: positions, first: 0 } },
    rotary: {},
    layers: types.map((type, i) => {
      const name = `${prefix}h.${i}`;
      const within = `${name}.attn.attention`;
      const names = {
        query: `${within}.q_proj`,
        key: `${within}.k_proj`,
        value: `${within}.v_proj`,
        output: `${within}.out_proj`,
      };
      return {
        attention: {
          ...squareAttention(shape, names, false),
          output: linear(names.output, [d, d], true),
          scale: 1,
          ...(type === "local" && { window: config.window_size }),
        },
        feedForward: plainLayer(`${name}.mlp`, dense, ["c_fc", "c_proj"]),
        norms: { beforeAttention: norm(`${name}.ln_1`), beforeFeedForward: norm(`${name}.ln_2`) },
      };
    }),
    finalNorm: norm(`${prefix}ln_f`),
    head: {},
  };
};

/** @throws RevocabError `bad_config` when there is not one kind for each layer */
function kindsOf(
  { num_layers: count, attention_layers: listed, attention_types: repeated }: z.output<typeof schema>,
  context: FamilyContext,
): z.output<typeof kinds> {
  const found = listed?.length ?? repeated.reduce((total, [some, times]) => total + some.length * times, 0);
  if (found !== count) {
    const key = listed ? "attention_layers" : "attention_types";
    throw badConfig(context, key, listed ?? repeated, `expected kinds for ${count} layers, not ${found}`);
  }
  return listed ?? repeated.flatMap(([some, times]) => Array.from({ length: times }, () => some).flat());
}
