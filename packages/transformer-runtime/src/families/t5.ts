import type { JsonObject } from "@revocab/checkpoint";
import { quote } from "@revocab/core";
import { z } from "zod";
import type {
  Activation,
  AttentionDescription,
  DenseDescription,
  LayerDescription,
  TransformerDescription,
} from "../description.ts";
import { gatedLayer, plainLayer, projections, rmsNorm } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import {
  activation,
  badConfig,
  epsilon,
  heads,
  layers,
  length,
  parseConfig,
  startTokenOf,
  tokenId,
  width,
} from "./read-config.ts";

const schema = z.object({
  d_model: width.default(512),
  d_kv: width.default(64),
  d_ff: width.default(2048),
  num_layers: layers.default(6),
  num_decoder_layers: layers.nullish(),
  num_heads: heads.default(8),
  relative_attention_num_buckets: z
    .int()
    .min(4)
    .max(2 ** 16)
    .default(32),
  relative_attention_max_distance: length.default(128),
  layer_norm_epsilon: epsilon.default(1e-6),
  feed_forward_proj: z.string().default("relu"),
  dense_act_fn: activation.nullish(),
  is_gated_act: z.boolean().nullish(),
  n_positions: length.default(512),
  tie_word_embeddings: z.boolean().nullish(),
  scale_decoder_outputs: z.boolean().nullish(),
  eos_token_id: tokenId.default(1),
  pad_token_id: tokenId.default(0),
  decoder_start_token_id: tokenId.optional(),
});
type T5Config = z.output<typeof schema>;

/** What the configs of mT5 and UMT5 leave out, where it is not as in T5. */
const MULTILINGUAL_DEFAULTS: JsonObject = {
  d_ff: 1024,
  num_layers: 8,
  num_heads: 6,
  feed_forward_proj: "gated-gelu",
};

interface T5Parts {
  /** Whether the last states are divided by √d before the head. */
  readonly isScaled: (config: T5Config) => boolean;
  /** Every layer has biases of distances of its own; else all take the first one's. */
  readonly ownBiases?: boolean;
}

/**
 * T5, its version 1.1 and FLAN-T5. Nothing but a config's `tie_word_embeddings` says whether a model is of the first version, which
 * scales its last states; newer configs have `scale_decoder_outputs`.
 * @see https://arxiv.org/abs/1910.10683
 */
export const t5: Family = (context) =>
  t5Like(context, {
    isScaled: ({ scale_decoder_outputs: isScaled, tie_word_embeddings: isTied }) =>
      isScaled ?? isTied !== false,
  });

/** @see https://arxiv.org/abs/2010.11934 */
export const mt5: Family = ({ config, ...context }) =>
  t5Like({ ...context, config: { ...MULTILINGUAL_DEFAULTS, ...config } }, { isScaled: () => false });

/** @see https://arxiv.org/abs/2304.09151 */
export const umt5: Family = ({ config, ...context }) =>
  t5Like(
    { ...context, config: { ...MULTILINGUAL_DEFAULTS, ...config } },
    { isScaled: () => true, ownBiases: true },
  );

function t5Like(context: FamilyContext, parts: T5Parts): TransformerDescription {
  const config = parseConfig(schema, context.config, context);
  const prefix = context.prefixBefore("decoder.final_layer_norm.weight");
  const { eos_token_id: eos, pad_token_id: pad, decoder_start_token_id: start } = config;
  return {
    ...stack(context, config, parts, `${prefix}decoder`, "causal"),
    head: { ...(parts.isScaled(config) && { scale: 1 / Math.sqrt(config.d_model) }) },
    encoder: {
      body: { ...stack(context, config, parts, `${prefix}encoder`, "masked"), head: {} },
      emptySource: eos === null ? [] : [eos],
      startTokens: [startTokenOf([start, pad], context)],
    },
  };
}

/** The layers of the encoder or of the decoder. */
function stack(
  context: FamilyContext,
  config: T5Config,
  { ownBiases = false }: T5Parts,
  name: string,
  kind: TransformerDescription["kind"],
): Omit<TransformerDescription, "head"> {
  const { d_model: d, num_layers: count, layer_norm_epsilon } = config;
  const isDecoder = kind === "causal";
  const norm = (place: string) => rmsNorm(`${place}.layer_norm`, d, layer_norm_epsilon);
  return {
    kind,
    width: d,
    contextLength: config.n_positions,
    embedding: {},
    rotary: {},
    layers: Array.from(
      { length: isDecoder ? (config.num_decoder_layers ?? count) : count },
      (_, i): LayerDescription => {
        const block = `${name}.block.${i}`;
        const biases = `${name}.block.${ownBiases ? i : 0}.layer.0.SelfAttention`;
        const last = `${block}.layer.${isDecoder ? 2 : 1}`;
        return {
          attention: selfAttention(config, `${block}.layer.0.SelfAttention`, biases),
          ...(isDecoder && {
            crossAttention: {
              heads: config.num_heads,
              ...attentionProjections(config, `${block}.layer.1.EncDecAttention`),
              scale: 1,
            },
          }),
          feedForward: feedForward(context, config, `${last}.DenseReluDense`),
          norms: {
            beforeAttention: norm(`${block}.layer.0`),
            ...(isDecoder && { beforeCrossAttention: norm(`${block}.layer.1`) }),
            beforeFeedForward: norm(last),
          },
        };
      },
    ),
    finalNorm: rmsNorm(`${name}.final_layer_norm`, d, layer_norm_epsilon),
  };
}

function selfAttention(config: T5Config, name: string, biases: string): AttentionDescription {
  const { output, ...projection } = attentionProjections(config, name);
  return {
    heads: config.num_heads,
    keyValueHeads: config.num_heads,
    headWidth: config.d_kv,
    projection: { kind: "separate", ...projection },
    output,
    distanceBias: {
      table: {
        tensor: `${biases}.relative_attention_bias.weight`,
        rows: config.relative_attention_num_buckets,
      },
      longest: config.relative_attention_max_distance,
    },
    scale: 1,
  };
}

function attentionProjections({ d_model, d_kv, num_heads }: T5Config, name: string) {
  const names = { query: `${name}.q`, key: `${name}.k`, value: `${name}.v`, output: `${name}.o` };
  return projections(names, [d_model, num_heads * d_kv], false);
}

/**
 * `feed_forward_proj` has the activation and whether the layer is gated; what newer configs say of both by themselves counts more.
 * @throws RevocabError `bad_config` for an activation that is not known
 */
function feedForward(context: FamilyContext, config: T5Config, name: string): DenseDescription {
  const { d_model, d_ff, feed_forward_proj: both, is_gated_act: isGated, dense_act_fn: named } = config;
  const shape = { width: d_model, inner: d_ff, activation: named ?? activationOf(both, context) };
  return (isGated ?? both.startsWith(GATED))
    ? gatedLayer(name, shape, { gate: "wi_0", up: "wi_1", down: "wo" })
    : plainLayer(name, shape, ["wi", "wo"]);
}

const GATED = "gated-";

function activationOf(feedForwardKind: string, context: FamilyContext): Activation {
  // the library takes this one for another than its name says
  if (feedForwardKind === "gated-gelu") return "gelu-tanh";
  const named = activation.safeParse(feedForwardKind.replace(GATED, ""));
  if (named.success) return named.data;
  const expected = `expected the name of an activation, or ${quote(GATED)} before it`;
  throw badConfig(context, "feed_forward_proj", feedForwardKind, expected);
}
