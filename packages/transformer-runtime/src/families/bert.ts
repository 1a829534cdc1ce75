import { RevocabError } from "@revocab/core";
import { z } from "zod";
import type {
  Activation,
  AttentionDescription,
  LayerDescription,
  NormDescription,
  TransformerDescription,
} from "../description.ts";
import { layerNorm, linear } from "./blocks.ts";
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
export const roberta: Family = (context) => {
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
  });
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

/** In what BERT and RoBERTa differ. */
interface BertVariant {
  /** The row of the first position. */
  readonly firstPosition: number;
  /** Names of the head's tensors. */
  readonly head: { readonly dense: string; readonly norm: string };
  /** Undefined: the same as in the layers. */
  readonly headActivation?: Activation;
}

/**
 * An encoder as BERT is one: learned positions, and norms after each sum.
 * @throws RevocabError `bad_config`; `unsupported_checkpoint` when the model was saved without its head
 */
function bertLike(context: FamilyContext, variant: BertVariant): TransformerDescription {
  const config = parseConfig(bertSchema, context.config, context);
  const { hidden_size: d, max_position_embeddings: positions } = config;
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const norm = (name: string) => bertNorm(context, name, d, config.layer_norm_eps);
  const prefix = context.prefixBefore("embeddings.position_embeddings.weight");
  const { dense, norm: headNorm } = variant.head;
  requireHead(context, dense);
  return {
    kind: "masked",
    width: d,
    contextLength: positions - variant.firstPosition,
    embedding: {
      positions: {
        tensor: `${prefix}embeddings.position_embeddings.weight`,
        rows: positions,
        first: variant.firstPosition,
      },
      tokenTypes: {
        tensor: `${prefix}embeddings.token_type_embeddings.weight`,
        rows: config.type_vocab_size,
      },
      norm: norm(`${prefix}embeddings.LayerNorm`),
    },
    rotary: {},
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) =>
      layerOf(`${prefix}encoder.layer.${i}`, shape, config, norm),
    ),
    head: {
      transform: {
        dense: linear(dense, [d, d], true),
        activation: variant.headActivation ?? config.hidden_act,
        norm: norm(headNorm),
      },
    },
  };
}

function layerOf(
  name: string,
  shape: AttentionShape,
  { intermediate_size: inner, hidden_act }: z.output<typeof bertSchema>,
  norm: (name: string) => NormDescription,
): LayerDescription {
  return {
    attention: attentionOf(`${name}.attention`, shape),
    feedForward: {
      kind: "plain",
      up: linear(`${name}.intermediate.dense`, [shape.width, inner], true),
      down: linear(`${name}.output.dense`, [inner, shape.width], true),
      activation: hidden_act,
    },
    norms: {
      afterAttentionSum: norm(`${name}.attention.output.LayerNorm`),
      afterFeedForwardSum: norm(`${name}.output.LayerNorm`),
    },
  };
}

function attentionOf(
  name: string,
  { width: d, heads: count, keyValueHeads, headWidth }: AttentionShape,
): AttentionDescription {
  return {
    heads: count,
    keyValueHeads,
    headWidth,
    projection: {
      kind: "separate",
      query: linear(`${name}.self.query`, [d, d], true),
      key: linear(`${name}.self.key`, [d, d], true),
      value: linear(`${name}.self.value`, [d, d], true),
    },
    output: linear(`${name}.output.dense`, [d, d], true),
    scale: 1 / Math.sqrt(headWidth),
  };
}

/** Checkpoints from before 2019 call weight and bias gamma and beta. */
function bertNorm({ hasTensor }: FamilyContext, name: string, d: number, eps: number): NormDescription {
  if (!hasTensor(`${name}.gamma`)) return layerNorm(name, d, eps, true);
  return { kind: "layer", width: d, epsilon: eps, weight: `${name}.gamma`, bias: `${name}.beta` };
}

function requireHead({ hasTensor, path }: FamilyContext, dense: string): void {
  if (hasTensor(`${dense}.weight`)) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `the weights beside ${path} have no masked-language-model head: ${dense}.weight is missing`,
    { hint: "the model was saved without what predicts tokens; use one saved with its head" },
  );
}
