import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { activation, epsilon, heads, layers, length, width, window } from "./fields.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { parseConfig } from "./parse-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  hidden_size: width.default(4096),
  intermediate_size: width.default(14336),
  num_hidden_layers: layers.default(32),
  num_attention_heads: heads.default(32),
  num_key_value_heads: heads.nullable().default(8),
  head_dim: width.nullish(),
  hidden_act: activation.default("silu"),
  max_position_embeddings: length.default(131_072),
  rms_norm_eps: epsilon.default(1e-6),
  sliding_window: window.default(4096),
  layer_types: z.null("expected nothing: the layers of this model type are all of one kind").optional(),
});

/**
 * Mistral 7B: Llama, where every layer sees a window of positions.
 * @see https://arxiv.org/abs/2310.06825
 */
export const mistral: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const sight = config.sliding_window === null ? {} : { window: config.sliding_window };
  const biases = { projection: false, output: false };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings),
    attentionOf: (name) => separateAttention(name, shape, biases, { rotary: "positions", ...sight }),
  });
};
