import type { AttentionDescription } from "../description.ts";
import type { AttentionShape } from "./attention-shape.ts";
import { linear } from "./blocks.ts";

/** What of an attention differs from layer to layer and from family to family. */
type Differences = Partial<
  Pick<AttentionDescription, "queryKeyNorm" | "rotary" | "scale" | "softCap" | "window">
>;

/** Attention with a matrix each for queries, keys, values and output, as Llama names them. */
export function separateAttention(
  name: string,
  { width, heads, keyValueHeads, headWidth }: AttentionShape,
  biases: { readonly projection: boolean; readonly output: boolean },
  differences: Differences,
): AttentionDescription {
  return {
    heads,
    keyValueHeads,
    headWidth,
    projection: {
      kind: "separate",
      query: linear(`${name}.q_proj`, [width, heads * headWidth], biases.projection),
      key: linear(`${name}.k_proj`, [width, keyValueHeads * headWidth], biases.projection),
      value: linear(`${name}.v_proj`, [width, keyValueHeads * headWidth], biases.projection),
    },
    output: linear(`${name}.o_proj`, [heads * headWidth, width], biases.output),
    scale: 1 / Math.sqrt(headWidth),
    ...differences,
  };
}
