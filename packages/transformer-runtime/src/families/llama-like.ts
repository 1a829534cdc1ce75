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
import { gatedLayer, linear, type MakeNorm, rmsNorm } from "./blocks.ts";
import type { FamilyContext } from "./family.ts";
import {
  type AttentionShape,
  attentionShape,
  badConfig,
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
export type AttentionDifferences = Partial<Omit<AttentionDescription, "heads" | "keyValueHeads">>;

/** In what a family differs from Llama. */
export interface LlamaDifferences {
  /**
   * What is special about the attention of a layer, whose tensors' names begin with `name`.
   * @default heads turn by `positions`
   */
  readonly attention?:
    | ((layer: number, name: string, shape: AttentionShape) => AttentionDifferences)
    | undefined;
  /** Which matrices of attention have biases. @default as `attention_bias` says, all or none */
  readonly attentionBiases?: { readonly projection: boolean; readonly output: boolean };
  /** The name of the matrix that attention ends with. @default "o_proj" */
  readonly attentionOutput?: string;
  /** @param name what the names of the layer's tensors begin with @default gated, under `mlp` */
  readonly feedForward?: ((layer: number, name: string) => FeedForwardDescription | undefined) | undefined;
  /** Of the feed-forward layer that is the default. @default false */
  readonly feedForwardBias?: boolean;
  /** @default {@link rmsNorm} */
  readonly norm?: MakeNorm;
  /** The names of a layer's norms by where they stand. @default before attention and before the feed-forward layer */
  readonly layerNorms?: Readonly<Partial<Record<keyof LayerDescription["norms"], string>>>;
  /** The name of the norm after the last layer. @default "norm" */
  readonly finalNorm?: string;
  /** What the name of one tensor of the first layer ends with. @default its first norm's weight */
  readonly anchor?: string;
  /** Attention and feed-forward layer both read the layer's input. @default false */
  readonly parallel?: boolean;
  /** Multiplies what attention and feed-forward layer add to the hidden state. @default 1 */
  readonly residualScale?: number;
  /** Rotary embeddings by name. @default one, `positions`, by which heads turn whole */
  readonly rotary?: Readonly<Record<string, RotaryDescription>>;
  /** θ of `positions` where the config does not say it. @default 10,000 */
  readonly theta?: number | undefined;
  /** The share of a head's columns that turn by `positions`. @default 1, and the config must not say otherwise */
  readonly rotaryShare?: number;
  /** Which columns turn together by `positions`. @default "halves" */
  readonly rotaryPairs?: RotaryDescription["pairs"];
  /** Rows of the input table are multiplied by it. @default 1 */
  readonly embeddingScale?: number;
  /** Logits become c · tanh(logit / c). @default no cap */
  readonly logitCap?: number | null;
  /** Logits are multiplied by it. @default 1 */
  readonly logitScale?: number;
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
    attentionOutput = "o_proj",
    feedForward,
    feedForwardBias = false,
    norm = rmsNorm,
    layerNorms = LLAMA_NORMS,
    finalNorm = "norm",
    anchor = `${Object.values(layerNorms)[0]}.weight`,
    parallel = false,
    residualScale,
    rotary,
    theta = 10_000,
    rotaryShare,
    rotaryPairs,
    embeddingScale,
    logitCap = null,
    logitScale,
  }: LlamaDifferences = {},
): TransformerDescription {
  const { hidden_size: width, rms_norm_eps: epsilon, max_position_embeddings: contextLength } = config;
  const shape = attentionShape(config, context);
  const prefix = context.prefixBefore(`layers.0.${anchor}`);
  const turning = rotary ?? {
    positions: {
      ...positionsOf(context, shape, { contextLength, theta, share: rotaryShare }),
      ...(rotaryPairs && { pairs: rotaryPairs }),
    },
  };
  return {
    kind: "causal",
    width,
    contextLength: turning.positions?.contextLength ?? contextLength,
    embedding: embeddingScale === undefined ? {} : { scale: embeddingScale },
    rotary: turning,
    layers: Array.from({ length: config.num_hidden_layers }, (_, i): LayerDescription => {
      const name = `${prefix}layers.${i}`;
      const differences = attention(i, `${name}.self_attn`, shape);
      const dense = {
        width,
        inner: config.intermediate_size,
        activation: config.hidden_act,
        hasBias: feedForwardBias,
      };
      return {
        attention: attentionOf(`${name}.self_attn`, attentionOutput, shape, attentionBiases, differences),
        feedForward: feedForward?.(i, name) ?? gatedLayer(`${name}.mlp`, dense),
        ...(parallel && { parallel }),
        ...(residualScale !== undefined && { residualScale }),
        norms: Object.fromEntries(
          Object.entries(layerNorms).map(([place, its]) => [place, norm(`${name}.${its}`, width, epsilon)]),
        ),
      };
    }),
    finalNorm: norm(`${prefix}${finalNorm}`, width, epsilon),
    head: {
      ...(logitCap !== null && { softCap: logitCap }),
      ...(logitScale !== undefined && { scale: logitScale }),
    },
  };
}

function attentionOf(
  name: string,
  output: string,
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
    output: linear(`${name}.${output}`, [heads * headWidth, width], biases.output),
    scale: 1 / Math.sqrt(headWidth),
    ...differences,
  };
}

const rotarySchema = z.object({
  rope_theta: positive.nullish(),
  original_max_position_embeddings: length.nullish(),
  partial_rotary_factor: positive.max(1).nullish(),
});

/**
 * The one rotary embedding of a decoder.
 * @throws RevocabError `bad_config`
 */
export function positionsOf(
  context: FamilyContext,
  { headWidth }: Pick<AttentionShape, "headWidth">,
  {
    contextLength,
    theta,
    share,
  }: { readonly contextLength: number; readonly theta: number; readonly share?: number | undefined },
): RotaryDescription {
  const { parameters, place } = ropeParameters(context.config, context);
  const given = parseConfig(rotarySchema, context.config, context);
  const turning = given.partial_rotary_factor ?? share ?? 1;
  if (share === undefined && turning !== 1) {
    throw badConfig(context, "partial_rotary_factor", turning, "expected 1, all columns of a head");
  }
  return readRotary(
    parameters,
    {
      headWidth,
      contextLength,
      theta: given.rope_theta ?? theta,
      ...(share !== undefined && { share: turning }),
      originalLength: given.original_max_position_embeddings ?? undefined,
    },
    place,
  );
}

/** Queries and keys are normalised over the columns of all heads at once before they turn. */
export function allHeadNorms(
  name: string,
  { heads, keyValueHeads, headWidth }: AttentionShape,
  epsilon: number,
): AttentionDifferences {
  const query = rmsNorm(`${name}.q_norm`, heads * headWidth, epsilon);
  const key = rmsNorm(`${name}.k_norm`, keyValueHeads * headWidth, epsilon);
  return { queryKeyNorm: { over: "all-heads", query, key } };
}

/** Queries and keys are normalised head by head before they turn. */
export function headNorms(
  name: string,
  { headWidth }: AttentionShape,
  epsilon: number,
  norm: MakeNorm = rmsNorm,
  [query, key]: readonly [string, string] = ["q_norm", "k_norm"],
) {
  return {
    queryKeyNorm: {
      over: "head",
      query: norm(`${name}.${query}`, headWidth, epsilon),
      key: norm(`${name}.${key}`, headWidth, epsilon),
    },
  } as const;
}
