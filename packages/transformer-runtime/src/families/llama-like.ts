import { z } from "zod";
import type {
  Activation,
  AttentionDescription,
  FeedForwardDescription,
  LayerDescription,
  RotaryDescription,
  TransformerDescription,
} from "../description.ts";
import { readRotary, ropeParameters } from "../rotary/read-rotary.ts";
import { linear, rmsNorm } from "./blocks.ts";
import type { FamilyContext } from "./family.ts";
import {
  type AttentionShape,
  attentionShape,
  badConfig,
  type ConfigPlace,
  type LayerType,
  length,
  parseConfig,
  positive,
} from "./read-config.ts";

/** What of a config says the same in every model that is built like Llama. */
export interface LlamaLikeConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads?: number | null | undefined;
  readonly head_dim?: number | null | undefined;
  readonly hidden_act: Activation;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  /** Of all four matrices. @default false */
  readonly attention_bias?: boolean;
}

/** What of an attention differs from layer to layer and from family to family. */
export type AttentionDifferences = Partial<
  Pick<AttentionDescription, "queryKeyNorm" | "rotary" | "scale" | "softCap" | "window">
>;

/** In what a family differs from Llama. */
export interface LlamaDifferences {
  /**
   * What is special about the attention of a layer, whose tensors' names begin with `name`.
   * @default heads turn by `positions`
   */
  attention?(layer: number, name: string, shape: AttentionShape): AttentionDifferences;
  /** Which matrices of attention have biases. @default as `attention_bias` says, all or none */
  readonly attentionBiases?: { readonly projection: boolean; readonly output: boolean };
  /** @default false */
  readonly feedForwardBias?: boolean;
  /** @default {@link rmsNorm} */
  readonly norm?: typeof rmsNorm;
  /** The names of a layer's norms by where they stand. @default before attention and before the feed-forward layer */
  readonly layerNorms?: Readonly<Partial<Record<keyof LayerDescription["norms"], string>>>;
  /** Rotary embeddings by name. @default one, `positions`, by which heads turn whole */
  readonly rotary?: Readonly<Record<string, RotaryDescription>>;
  /** θ of `positions` where the config does not say it. @default 10,000 */
  readonly theta?: number;
  /** Rows of the input table are multiplied by it. @default 1 */
  readonly embeddingScale?: number;
  /** Logits become c · tanh(logit / c). @default no cap */
  readonly logitCap?: number | null;
}

const LLAMA_NORMS = {
  beforeAttention: "input_layernorm",
  beforeFeedForward: "post_attention_layernorm",
} satisfies LlamaDifferences["layerNorms"];

/**
 * A decoder as Llama is one: RMS norms around attention and a gated feed-forward layer, a matrix each for queries, keys,
 * values and output, and rotary embeddings.
 * @throws RevocabError `bad_config`
 */
export function llamaLike(
  context: FamilyContext,
  config: LlamaLikeConfig,
  {
    attention = () => ({ rotary: "positions" }),
    attentionBiases = { projection: config.attention_bias ?? false, output: config.attention_bias ?? false },
    feedForwardBias = false,
    norm = rmsNorm,
    layerNorms = LLAMA_NORMS,
    rotary,
    theta = 10_000,
    embeddingScale,
    logitCap = null,
  }: LlamaDifferences = {},
): TransformerDescription {
  const { hidden_size: width, rms_norm_eps: epsilon, max_position_embeddings: contextLength } = config;
  const shape = attentionShape(config, context);
  const prefix = context.prefixBefore(`layers.0.${Object.values(layerNorms)[0]}.weight`);
  const turning = rotary ?? { positions: wholeHeads(context, shape, contextLength, theta) };
  return {
    kind: "causal",
    width,
    contextLength: turning.positions?.contextLength ?? contextLength,
    embedding: embeddingScale === undefined ? {} : { scale: embeddingScale },
    rotary: turning,
    layers: Array.from({ length: config.num_hidden_layers }, (_, i): LayerDescription => {
      const name = `${prefix}layers.${i}`;
      const differences = attention(i, `${name}.self_attn`, shape);
      return {
        attention: attentionOf(`${name}.self_attn`, shape, attentionBiases, differences),
        feedForward: gatedFeedForward(`${name}.mlp`, config, feedForwardBias),
        norms: Object.fromEntries(
          Object.entries(layerNorms).map(([place, its]) => [place, norm(`${name}.${its}`, width, epsilon)]),
        ),
      };
    }),
    finalNorm: norm(`${prefix}norm`, width, epsilon),
    head: logitCap === null ? {} : { softCap: logitCap },
  };
}

function attentionOf(
  name: string,
  { width, heads, keyValueHeads, headWidth }: AttentionShape,
  biases: { readonly projection: boolean; readonly output: boolean },
  differences: AttentionDifferences,
): AttentionDescription {
  return {
    heads,
    keyValueHeads,
    headWidth,
    projection: {
      kind: "separate",
      query: linear(`${name}.q_proj`, [width, heads * headWidth], biases.projection),
      key: linear(`${name}.k_proj`, [width, keyValueHeads * headWidth], biases.projection),
      value: linear(`${name}.v_proj`, [width, keyValueHeads * headWidth], biases.projection),
    },
    output: linear(`${name}.o_proj`, [heads * headWidth, width], biases.output),
    scale: 1 / Math.sqrt(headWidth),
    ...differences,
  };
}

/** act(x · Gᵀ) ∘ (x · Uᵀ) · Dᵀ */
function gatedFeedForward(
  name: string,
  { hidden_size: width, intermediate_size: inner, hidden_act }: LlamaLikeConfig,
  hasBias: boolean,
): FeedForwardDescription {
  return {
    kind: "gated",
    gate: linear(`${name}.gate_proj`, [width, inner], hasBias),
    up: linear(`${name}.up_proj`, [width, inner], hasBias),
    down: linear(`${name}.down_proj`, [inner, width], hasBias),
    activation: hidden_act,
  };
}

const rotarySchema = z.object({
  rope_theta: positive.nullish(),
  original_max_position_embeddings: length.nullish(),
  partial_rotary_factor: z.number().nullish(),
});

/** The one rotary embedding of a decoder whose heads turn whole. */
function wholeHeads(
  context: FamilyContext,
  { headWidth }: AttentionShape,
  contextLength: number,
  theta: number,
): RotaryDescription {
  const { parameters, place } = ropeParameters(context.config, context);
  const given = parseConfig(rotarySchema, context.config, context);
  const share = given.partial_rotary_factor ?? 1;
  if (share !== 1)
    throw badConfig(context, "partial_rotary_factor", share, "expected 1, all columns of a head");
  return readRotary(
    parameters,
    {
      headWidth,
      contextLength,
      theta: given.rope_theta ?? theta,
      originalLength: given.original_max_position_embeddings ?? undefined,
    },
    place,
  );
}

/** Queries and keys are normalised head by head before they turn. */
export function headNorms(
  name: string,
  { headWidth }: AttentionShape,
  epsilon: number,
  norm = rmsNorm,
): AttentionDifferences {
  const query = norm(`${name}.q_norm`, headWidth, epsilon);
  return { queryKeyNorm: { over: "head", query, key: norm(`${name}.k_norm`, headWidth, epsilon) } };
}

/**
 * The attention window of each layer by its type: that of sliding layers; none for those that see all positions.
 * @param types one per layer, or what to take where the config does not say
 * @throws RevocabError `bad_config` when there is not one type per layer, or no window for a sliding layer
 */
export function layerWindows(
  types: readonly LayerType[],
  layers: number,
  window: number | null,
  place: ConfigPlace,
): readonly { readonly window?: number }[] {
  if (types.length !== layers) {
    throw badConfig(place, "layer_types", types, `expected one type for each of the ${layers} layers`);
  }
  return types.map((type, i) => {
    if (type === "full_attention") return {};
    if (window === null) {
      throw badConfig(place, `layer_types.${i}`, type, "expected full_attention, for there is no window");
    }
    return { window };
  });
}
