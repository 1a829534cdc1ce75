import type { Activation, AttentionDescription, LayerDescription } from "../description.ts";
import { gatedFeedForward, rmsNormPlusOne } from "./blocks.ts";

/**
 * Layers of Gemma 2 and 3: a norm before and after both branches.
 * @param attentionOf the attention of a layer, whose tensors' names begin with `name`
 */
export function gemmaLayers(
  prefix: string,
  config: {
    readonly num_hidden_layers: number;
    readonly hidden_size: number;
    readonly intermediate_size: number;
    readonly rms_norm_eps: number;
    readonly hidden_activation: Activation;
  },
  attentionOf: (name: string, layer: number) => AttentionDescription,
): LayerDescription[] {
  const { hidden_size: width, rms_norm_eps: epsilon } = config;
  return Array.from({ length: config.num_hidden_layers }, (_, i) => {
    const name = `${prefix}layers.${i}`;
    return {
      attention: attentionOf(`${name}.self_attn`, i),
      feedForward: gatedFeedForward(`${name}.mlp`, {
        width,
        innerWidth: config.intermediate_size,
        activation: config.hidden_activation,
        hasBias: false,
      }),
      norms: {
        beforeAttention: rmsNormPlusOne(`${name}.input_layernorm`, width, epsilon),
        afterAttention: rmsNormPlusOne(`${name}.post_attention_layernorm`, width, epsilon),
        beforeFeedForward: rmsNormPlusOne(`${name}.pre_feedforward_layernorm`, width, epsilon),
        afterFeedForward: rmsNormPlusOne(`${name}.post_feedforward_layernorm`, width, epsilon),
      },
    };
  });
}
