import { z } from "zod";
import type { LayerDescription, TransformerDescription } from "../description.ts";
import {
  type AttentionNames,
  layerNormWithBias,
  plainLayer,
  projections,
  squareAttention,
} from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import {
  activation,
  attentionShape,
  heads,
  layers,
  parseConfig,
  rows,
  startTokenOf,
  tokenId,
  width,
} from "./read-config.ts";

/** Rows of the table of positions before that of the first position. */
const FIRST_POSITION = 2;
/** torch's default, which configs cannot change. */
const EPSILON = 1e-5;

const schema = z.object({
  d_model: width.default(1024),
  encoder_layers: layers.default(12),
  decoder_layers: layers.default(12),
  encoder_attention_heads: heads.default(16),
  decoder_attention_heads: heads.default(16),
  encoder_ffn_dim: width.default(4096),
  decoder_ffn_dim: width.default(4096),
  max_position_embeddings: rows.default(1024),
  activation_function: activation.default("gelu"),
  scale_embedding: z.boolean().default(false),
  bos_token_id: tokenId.default(0),
  eos_token_id: tokenId.default(2),
  decoder_start_token_id: tokenId.optional(),
});
type BartConfig = z.output<typeof schema>;

/**
 * BART: learned positions, and a norm after each sum.
 * @see https://arxiv.org/abs/1910.13461
 */
export const bart: Family = ({ config, ...context }) =>
  bartLike(
    { ...context, config: { decoder_start_token_id: 2, ...config } },
    {
      isPreNorm: false,
      sourceRoles: ["bos", "eos"],
    },
  );

/**
 * mBART: BART with norms before attention and feed-forward layer, and one at the end. Where its config has no
 * `decoder_start_token_id` a text begins with its BOS, as the library's `generate` has it.
 * @see https://arxiv.org/abs/2001.08210
 */
export const mbart: Family = (context) => bartLike(context, { isPreNorm: true, sourceRoles: ["eos"] });

interface BartParts {
  readonly isPreNorm: boolean;
  /** The tokens of a source without text. */
  readonly sourceRoles: readonly ("bos" | "eos")[];
}

function bartLike(context: FamilyContext, parts: BartParts): TransformerDescription {
  const config = parseConfig(schema, context.config, context);
  const prefix = context.prefixBefore("decoder.layers.0.fc1.weight");
  return {
    ...stack(context, config, parts, `${prefix}decoder`, "causal"),
    head: {},
    encoder: {
      body: { ...stack(context, config, parts, `${prefix}encoder`, "masked"), head: {} },
      emptySource: parts.sourceRoles.flatMap((role) => config[`${role}_token_id`] ?? []),
      startTokens: [startTokenOf([config.decoder_start_token_id, config.bos_token_id], context)],
    },
  };
}

/** The layers of the encoder or of the decoder. */
function stack(
  context: FamilyContext,
  config: BartConfig,
  { isPreNorm }: BartParts,
  prefix: string,
  kind: TransformerDescription["kind"],
): Omit<TransformerDescription, "head"> {
  const { d_model: d, max_position_embeddings: positions, activation_function } = config;
  const side = kind === "causal" ? "decoder" : "encoder";
  const shape = attentionShape(
    { hidden_size: d, num_attention_heads: config[`${side}_attention_heads`] },
    context,
  );
  const dense = {
    width: d,
    inner: config[`${side}_ffn_dim`],
    activation: activation_function,
    hasBias: true,
  };
  const norm = (name: string) => layerNormWithBias(name, d, EPSILON);
  return {
    kind,
    width: d,
    contextLength: positions,
    embedding: {
      ...(config.scale_embedding && { scale: Math.sqrt(d) }),
      positions: {
        tensor: `${prefix}.embed_positions.weight`,
        rows: positions + FIRST_POSITION,
        first: FIRST_POSITION,
      },
      norm: norm(`${prefix}.layernorm_embedding`),
    },
    rotary: {},
    layers: Array.from({ length: config[`${side}_layers`] }, (_, i): LayerDescription => {
      const name = `${prefix}.layers.${i}`;
      const first = norm(`${name}.self_attn_layer_norm`);
      const cross = norm(`${name}.encoder_attn_layer_norm`);
      const last = norm(`${name}.final_layer_norm`);
      const { heads: count, headWidth } = shape;
      return {
        attention: squareAttention(shape, attentionNames(`${name}.self_attn`)),
        ...(side === "decoder" && {
          crossAttention: {
            heads: count,
            ...projections(attentionNames(`${name}.encoder_attn`), [d, d], true),
            scale: 1 / Math.sqrt(headWidth),
          },
        }),
        feedForward: plainLayer(name, dense, ["fc1", "fc2"]),
        norms: isPreNorm
          ? {
              beforeAttention: first,
              ...(side === "decoder" && { beforeCrossAttention: cross }),
              beforeFeedForward: last,
            }
          : {
              afterAttentionSum: first,
              ...(side === "decoder" && { afterCrossAttentionSum: cross }),
              afterFeedForwardSum: last,
            },
      };
    }),
    ...(isPreNorm && { finalNorm: norm(`${prefix}.layer_norm`) }),
  };
}

function attentionNames(name: string): AttentionNames {
  return {
    query: `${name}.q_proj`,
    key: `${name}.k_proj`,
    value: `${name}.v_proj`,
    output: `${name}.out_proj`,
  };
}
