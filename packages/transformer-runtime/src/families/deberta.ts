import { z } from "zod";
import type {
  Activation,
  AttentionDescription,
  LinearDescription,
  NormDescription,
  RelativeDescription,
  TransformerDescription,
} from "../description.ts";
import { requireHead } from "./bert.ts";
import { layerNorm, linear, plainLayer, squareAttention } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import {
  type AttentionShape,
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

const KINDS = ["c2p", "p2c"] as const;

/** What the configs of both have in common. */
const debertaConfig = {
  hidden_size: width.default(768),
  intermediate_size: width.default(3072),
  num_hidden_layers: layers.default(12),
  num_attention_heads: heads.default(12),
  hidden_act: activation.default("gelu"),
  max_position_embeddings: rows.default(512),
  type_vocab_size: rows.or(z.literal(0)).default(0),
  layer_norm_eps: epsilon.default(1e-7),
  relative_attention: z.boolean().default(false),
  max_relative_positions: z
    .int()
    .max(2 ** 24)
    .default(-1),
  position_biased_input: z.boolean().default(true),
  pos_att_type: z
    .union([z.string().transform((text) => text.toLowerCase().split("|")), z.array(z.string())])
    .nullish()
    .transform((kinds) => (kinds ?? []).map((kind) => kind.trim()).filter((kind) => kind !== ""))
    .pipe(z.array(z.enum(KINDS))),
  embedding_size: width.nullish(),
};
type DebertaConfig = z.output<z.ZodObject<typeof debertaConfig>>;

/** What differs: the names of an attention's tensors and of what they share. */
interface DebertaParts {
  attention(name: string, shape: AttentionShape): AttentionDescription;
  /** The matrices that make keys and queries of relative positions. */
  keys(name: string, shape: AttentionShape): LinearDescription;
  queries(name: string, shape: AttentionShape): LinearDescription;
  readonly span: number;
  readonly buckets?: RelativeDescription["buckets"];
  /** The norm of the table of relative positions. */
  readonly norm?: NormDescription;
}

/**
 * An encoder as BERT is one, whose scores are sums of what positions hold and of how far they stand from each other.
 * @throws RevocabError `bad_config`; `unsupported_checkpoint` when the model was saved without its head
 */
function debertaLike(
  context: FamilyContext,
  config: DebertaConfig,
  prefix: string,
  parts: DebertaParts,
): TransformerDescription {
  const { hidden_size: d, num_hidden_layers: count, max_position_embeddings: positions } = config;
  if (config.embedding_size && config.embedding_size !== d) {
    throw badConfig(context, "embedding_size", config.embedding_size, `expected hidden_size, ${d}`);
  }
  const shape = attentionShape({ hidden_size: d, num_attention_heads: config.num_attention_heads }, context);
  const norm = (name: string) => layerNorm(name, d, config.layer_norm_eps, true);
  const dense = {
    width: d,
    inner: config.intermediate_size,
    activation: config.hidden_act as Activation,
    hasBias: true,
  };
  const head = headOf(context);
  return {
    kind: "masked",
    width: d,
    contextLength: positions,
    embedding: {
      ...(config.position_biased_input && {
        positions: { tensor: `${prefix}embeddings.position_embeddings.weight`, rows: positions, first: 0 },
      }),
      ...(config.type_vocab_size > 0 && {
        tokenTypes: {
          tensor: `${prefix}embeddings.token_type_embeddings.weight`,
          rows: config.type_vocab_size,
        },
      }),
      norm: norm(`${prefix}embeddings.LayerNorm`),
    },
    rotary: {},
    layers: Array.from({ length: count }, (_, i) => {
      const name = `${prefix}encoder.layer.${i}`;
      return {
        attention: {
          ...parts.attention(name, shape),
          scale: 1 / Math.sqrt(shape.headWidth * (1 + config.pos_att_type.length)),
          ...(config.relative_attention && {
            relative: relativeOf(`${prefix}encoder`, name, shape, config, parts),
          }),
        },
        feedForward: plainLayer(name, dense, ["intermediate.dense", "output.dense"]),
        norms: {
          afterAttentionSum: norm(`${name}.attention.output.LayerNorm`),
          afterFeedForwardSum: norm(`${name}.output.LayerNorm`),
        },
      };
    }),
    head: {
      transform: {
        dense: linear(`${head}.dense`, [d, d], true),
        activation: config.hidden_act,
        norm: norm(`${head}.LayerNorm`),
      },
    },
  };
}

/** The library's head, or that of the authors' own code, whichever the files hold. */
function headOf(context: FamilyContext): string {
  const [own, librarys] = ["lm_predictions.lm_head", "cls.predictions.transform"];
  if (context.hasTensor(`${own}.dense.weight`) && !context.hasTensor(`${librarys}.dense.weight`)) return own;
  requireHead(context, `${librarys}.dense`);
  return librarys;
}

function relativeOf(
  encoder: string,
  name: string,
  shape: AttentionShape,
  { pos_att_type: kinds }: DebertaConfig,
  { keys, queries, span, buckets, norm }: DebertaParts,
): RelativeDescription {
  return {
    table: { tensor: `${encoder}.rel_embeddings.weight`, rows: 2 * span },
    ...(norm && { norm }),
    ...(kinds.includes("c2p") && { keys: keys(name, shape) }),
    ...(kinds.includes("p2c") && { queries: queries(name, shape) }),
    span,
    ...(buckets && { buckets }),
  };
}

/** The distances that have rows of their own. */
function spanOf({ max_relative_positions: most, max_position_embeddings: positions }: DebertaConfig): number {
  return most < 1 ? positions : most;
}

const debertaSchema = z.object({
  ...debertaConfig,
  talking_head: z.literal(false).nullish(),
});

/**
 * DeBERTa 1.
 * @see https://arxiv.org/abs/2006.03654
 */
export const deberta: Family = (context) => {
  const config = parseConfig(debertaSchema, context.config, context);
  const prefix = context.prefixBefore("embeddings.LayerNorm.weight");
  return debertaLike(context, config, prefix, {
    attention(name, { width: d, heads: count, keyValueHeads, headWidth }) {
      return {
        heads: count,
        keyValueHeads,
        headWidth,
        projection: {
          kind: "fused",
          linear: linear(`${name}.attention.self.in_proj`, [d, 3 * d], false),
          order: "per-key",
          queryBias: `${name}.attention.self.q_bias`,
          valueBias: `${name}.attention.self.v_bias`,
        },
        output: linear(`${name}.attention.output.dense`, [d, d], true),
        scale: 1,
      };
    },
    keys: (name, { width: d }) => linear(`${name}.attention.self.pos_proj`, [d, d], false),
    queries: (name, { width: d }) => linear(`${name}.attention.self.pos_q_proj`, [d, d], true),
    span: spanOf(config),
  });
};

const debertaV2Schema = z.object({
  ...debertaConfig,
  hidden_size: width.default(1536),
  intermediate_size: width.default(6144),
  num_hidden_layers: layers.default(24),
  num_attention_heads: heads.default(24),
  position_buckets: z
    .int()
    .max(2 ** 24)
    .default(-1),
  share_att_key: z.boolean().default(false),
  norm_rel_ebd: z.string().default("none"),
  conv_kernel_size: z.literal(0).nullish(),
});

/**
 * DeBERTa 2 and 3, and mDeBERTa: distances share rows, the more the greater they are.
 * @see https://arxiv.org/abs/2111.09543
 */
export const debertaV2: Family = (context) => {
  const config = parseConfig(debertaV2Schema, context.config, context);
  const { hidden_size, layer_norm_eps, position_buckets: size, share_att_key: isShared } = config;
  const prefix = context.prefixBefore("embeddings.LayerNorm.weight");
  const longest = spanOf(config);
  const hasNorm = config.norm_rel_ebd
    .toLowerCase()
    .split("|")
    .map((each) => each.trim())
    .includes("layer_norm");
  return debertaLike(context, config, prefix, {
    attention: (name, shape) =>
      squareAttention(shape, {
        query: `${name}.attention.self.query_proj`,
        key: `${name}.attention.self.key_proj`,
        value: `${name}.attention.self.value_proj`,
        output: `${name}.attention.output.dense`,
      }),
    keys: (name, { width: d }) =>
      linear(`${name}.attention.self.${isShared ? "key_proj" : "pos_key_proj"}`, [d, d], true),
    queries: (name, { width: d }) =>
      linear(`${name}.attention.self.${isShared ? "query_proj" : "pos_query_proj"}`, [d, d], true),
    span: size > 0 ? size : longest,
    ...(size > 0 && { buckets: { size, longest } }),
    ...(hasNorm && { norm: layerNorm(`${prefix}encoder.LayerNorm`, hidden_size, layer_norm_eps, true) }),
  });
};
