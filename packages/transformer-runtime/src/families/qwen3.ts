import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { rmsNorm } from "./blocks.ts";
import { width } from "./fields.ts";
import { layerWindows } from "./layer-windows.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { parseConfig } from "./parse-config.ts";
import { qwenConfig, qwenWindows } from "./qwen-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({
  ...qwenConfig,
  head_dim: width.default(128),
  attention_bias: z.boolean().default(false),
});

/**
 * Qwen 3: Llama with heads of a width of their own, whose queries and keys are normalised before they turn.
 * @see https://arxiv.org/abs/2505.09388
 */
export const qwen3: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const { types, window } = qwenWindows(config);
  const windows = layerWindows(types, config.num_hidden_layers, window, context);
  const biases = { projection: config.attention_bias, output: config.attention_bias };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings),
    attentionOf: (name, i) =>
      separateAttention(name, shape, biases, {
        rotary: "positions",
        ...windows[i],
        queryKeyNorm: {
          over: "head",
          query: rmsNorm(`${name}.q_norm`, shape.headWidth, config.rms_norm_eps),
          key: rmsNorm(`${name}.k_norm`, shape.headWidth, config.rms_norm_eps),
        },
      }),
  });
};
