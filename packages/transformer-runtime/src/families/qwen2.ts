import { z } from "zod";
import type { Family } from "../family.ts";
import { attentionShape } from "./attention-shape.ts";
import { width } from "./fields.ts";
import { layerWindows } from "./layer-windows.ts";
import { llamaLike } from "./llama-like.ts";
import { llamaRotary } from "./llama-rotary.ts";
import { parseConfig } from "./parse-config.ts";
import { qwenConfig, qwenWindows } from "./qwen-config.ts";
import { separateAttention } from "./separate-attention.ts";

const schema = z.object({ ...qwenConfig, head_dim: width.nullish() });

/**
 * Qwen 2 and 2.5: Llama with biases on queries, keys and values, whose later layers may see a window.
 * @see https://arxiv.org/abs/2407.10671
 */
export const qwen2: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  const { types, window } = qwenWindows(config);
  const windows = layerWindows(types, config.num_hidden_layers, window, context);
  const biases = { projection: true, output: false };
  return llamaLike(context, config, {
    rotary: llamaRotary(context, shape, config.max_position_embeddings),
    attentionOf: (name, i) => separateAttention(name, shape, biases, { rotary: "positions", ...windows[i] }),
  });
};
