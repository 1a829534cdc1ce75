import { RevocabError } from "@revocab/core";
import { z } from "zod";
import type {
  Activation,
  LayerDescription,
  NormDescription,
  TransformerDescription,
} from "../description.ts";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import {
  type AttentionShape,
  absent,
  activation,
  attentionShape,
  badConfig,
  epsilon,
  heads,
  layers,
  parseConfig,
  rows,
  width,
} from "./read-config.ts";

/**
 * BERT.
 * @see https://arxiv.org/abs/1810.04805
 */
export const bert: Family = (context) =>
  bertLike(context, {
    firstPosition: 0,
    head: { dense: "cls.predictions.transform.dense", norm: "cls.predictions.transform.LayerNorm" },
  });

const robertaSchema = z.object({
  pad_token_id: z.int().min(0).default(1),
  max_position_embeddings: rows.default(512),
});

/**
 * RoBERTa, XLM-R and CamemBERT: BERT whose positions are counted from the one after the padding's id.
 * @see https://arxiv.org/abs/1907.11692
 */
export const roberta: Family = (context) => robertaLike(context);

/**
 * XLM-R XL and XXL: RoBERTa with norms before attention and feed-forward layer.
 * @see https://arxiv.org/abs/2105.00572
 */
export const xlmRobertaXl: Family = ({ config, ...context }) =>
  robertaLike({ ...context, config: { ...XL_DEFAULTS, ...config } }, { isPreNorm: true });

/** What its configs leave out. */
const XL_DEFAULTS = {
  hidden_size: 2560,
  intermediate_size: 10240,
  num_hidden_layers: 36,
  num_attention_heads: 32,
  max_position_embeddings: 514,
  type_vocab_size: 1,
  layer_norm_eps: 1e-5,
};

/** @throws as `bertLike` does */
function robertaLike(context: FamilyContext, variant: Pick<BertVariant, "isPreNorm"> = {}) {
  const { pad_token_id: pad, max_position_embeddings: positions } = parseConfig(
    robertaSchema,
    context.config,
    context,
  );
  if (pad + 1 >= positions) {
    const expected = `expected more than ${pad + 1}, for positions are counted from pad_token_id ${pad}`;
    throw badConfig(context, "max_position_embeddings", positions, expected);
  }
  return bertLike(context, {
    firstPosition: pad + 1,
    head: { dense: "lm_head.dense", norm: "lm_head.layer_norm" },
    headActivation: "gelu",
    ...variant,
  });
}

const electraSchema = z.object({ embedding_size: width.default(128) });
const ELECTRA_DEFAULTS = { hidden_size: 256, num_attention_heads: 4, intermediate_size: 1024 };

/**
 * ELECTRA's generator: BERT whose input rows and head may be narrower than the hidden states.
 * @see https://arxiv.org/abs/2003.10555
 */
export const electra: Family = ({ config, ...context }) => {
  const { embedding_size } = parseConfig(electraSchema, config, context);
  return bertLike(
    { ...context, config: { ...ELECTRA_DEFAULTS, ...config } },
    {
      firstPosition: 0,
      head: { dense: "generator_predictions.dense", norm: "generator_predictions.LayerNorm" },
      headActivation: "gelu",
      rowWidth: embedding_size,
    },
  );
};

const bertSchema = z.object({
  hidden_size: width.default(768),
  intermediate_size: width.default(3072),
  num_hidden_layers: layers.default(12),
  num_attention_heads: heads.default(12),
  hidden_act: activation.default("gelu"),
  max_position_embeddings: rows.default(512),
  type_vocab_size: rows.default(2),
  layer_norm_eps: epsilon.default(1e-12),
  position_embedding_type: z.literal("absolute").nullish(),
  is_decoder: absent,
  add_cross_attention: absent,
});

/** In what BERT and those like it differ. */
interface BertVariant {
  /** The row of the first position. */
  readonly firstPosition: number;
  /** Names of the head's tensors. */
  readonly head: { readonly dense: string; readonly norm: string };
  /** Undefined: the same as in the layers. */
  readonly headActivation?: Activation;
  /** Columns of input rows and of the head's table. @default those of hidden states */
  readonly rowWidth?: number;
  /** Norms stand before attention and feed-forward layer and after the last layer, not after each sum. @default false */
  readonly isPreNorm?: boolean;
}

/**
 * An encoder as BERT is one: learned positions, and norms after each sum.
 * @throws RevocabError `bad_config`; `unsupported_checkpoint` when the model was saved without its head
 */
function bertLike(context: FamilyContext, variant: BertVariant): TransformerDescription {
  const config = parseConfig(bertSchema, context.config, context);
  const { hidden_size: d, max_position_embeddings: positions } = config;
  const { firstPosition, head, rowWidth = d, isPreNorm = false } = variant;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const norm = (name: string, columns = d) => bertNorm(context, name, columns, config.layer_norm_eps);
  const prefix = context.prefixBefore("embeddings.position_embeddings.weight");
  requireHead(context, head.dense);
  return {
    kind: "masked",
    width: d,
    contextLength: positions - firstPosition,
    embedding: {
      positions: {
        tensor: `${prefix}embeddings.position_embeddings.weight`,
        rows: positions,
        first: firstPosition,
      },
      tokenTypes: {
        tensor: `${prefix}embeddings.token_type_embeddings.weight`,
        rows: config.type_vocab_size,
      },
      ...(!isPreNorm && { norm: norm(`${prefix}embeddings.LayerNorm`, rowWidth) }),
      ...(rowWidth !== d && {
        projection: { linear: linear(`${prefix}embeddings_project`, [rowWidth, d], true), place: "last" },
      }),
    },
    rotary: {},
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) =>
      layerOf(`${prefix}encoder.layer.${i}`, shape, config, norm, isPreNorm),
    ),
    ...(isPreNorm && { finalNorm: norm(`${prefix}encoder.LayerNorm`) }),
    head: {
      transform: {
        dense: linear(head.dense, [d, rowWidth], true),
        activation: variant.headActivation ?? config.hidden_act,
        norm: norm(head.norm, rowWidth),
      },
    },
  };
}

function layerOf(
  name: string,
  shape: AttentionShape,
  { intermediate_size: inner, hidden_act: activation }: z.output<typeof bertSchema>,
  norm: (name: string) => NormDescription,
  isPreNorm: boolean,
): LayerDescription {
  const dense = { width: shape.width, inner, activation, hasBias: true };
  return {
    attention: squareAttention(shape, {
      query: `${name}.attention.self.query`,
      key: `${name}.attention.self.key`,
      value: `${name}.attention.self.value`,
      output: `${name}.attention.output.dense`,
    }),
    feedForward: plainLayer(name, dense, ["intermediate.dense", "output.dense"]),
    norms: isPreNorm
      ? {
          beforeAttention: norm(`${name}.attention.self_attn_layer_norm`),
          beforeFeedForward: norm(`${name}.LayerNorm`),
        }
      : {
          afterAttentionSum: norm(`${name}.attention.output.LayerNorm`),
          afterFeedForwardSum: norm(`${name}.output.LayerNorm`),
        },
  };
}

/** Checkpoints from before 2019 call weight and bias gamma and beta. */
function bertNorm({ hasTensor }: FamilyContext, name: string, d: number, eps: number): NormDescription {
  if (!hasTensor(`${name}.gamma`)) return layerNorm(name, d, eps, true);
  return { kind: "layer", width: d, epsilon: eps, weight: `${name}.gamma`, bias: `${name}.beta` };
}

/** @throws RevocabError `unsupported_checkpoint` when the model was saved without what predicts tokens */
export function requireHead({ hasTensor, path }: FamilyContext, dense: string): void {
  if (hasTensor(`${dense}.weight`)) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `the weights beside ${path} have no masked-language-model head: ${dense}.weight is missing`,
    { hint: "the model was saved without what predicts tokens; use one saved with its head" },
  );
}
