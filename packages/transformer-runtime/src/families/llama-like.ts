import type {
  Activation,
  AttentionDescription,
  RotaryDescription,
  TransformerDescription,
} from "../description.ts";
import type { FamilyContext } from "../family.ts";
import { gatedFeedForward, rmsNorm } from "./blocks.ts";

/** What of a config says the same in every model that is built like Llama. */
export interface LlamaLikeConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly hidden_act: Activation;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
}

/**
 * A decoder as Llama is one: RMS norms before attention and before a gated feed-forward layer, one rotary embedding,
 * called `positions`.
 * @param attentionOf the attention of a layer, whose tensors' names begin with `name`
 */
export function llamaLike(
  { prefixBefore }: FamilyContext,
  config: LlamaLikeConfig,
  {
    rotary,
    attentionOf,
    feedForwardBias = false,
    norm = rmsNorm,
    embeddingScale,
  }: {
    readonly rotary: RotaryDescription;
    attentionOf(name: string, layer: number): AttentionDescription;
    readonly feedForwardBias?: boolean;
    readonly norm?: typeof rmsNorm;
    readonly embeddingScale?: number;
  },
): TransformerDescription {
  const { hidden_size: width, rms_norm_eps: epsilon } = config;
  const prefix = prefixBefore("layers.0.input_layernorm.weight");
  return {
    kind: "causal",
    width,
    contextLength: rotary.contextLength ?? config.max_position_embeddings,
    embedding: embeddingScale === undefined ? {} : { scale: embeddingScale },
    rotary: { positions: rotary },
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => {
      const name = `${prefix}layers.${i}`;
      return {
        attention: attentionOf(`${name}.self_attn`, i),
        feedForward: gatedFeedForward(`${name}.mlp`, {
          width,
          innerWidth: config.intermediate_size,
          activation: config.hidden_act,
          hasBias: feedForwardBias,
        }),
        norms: {
          beforeAttention: norm(`${name}.input_layernorm`, width, epsilon),
          beforeFeedForward: norm(`${name}.post_attention_layernorm`, width, epsilon),
        },
      };
    }),
    finalNorm: norm(`${prefix}norm`, width, epsilon),
    head: {},
  };
}
