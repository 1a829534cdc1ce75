import type { GraphBuilder, Value } from "@revocab/onnx";
import type { AttentionDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { linear, norm } from "./layers.ts";
import { type BodyInputs, flatten } from "./ports.ts";

/** Self-attention, [N × d] → [N × d] with N = B · T rows of B sequences. */
export function attention(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: AttentionDescription,
  inputs: BodyInputs,
  layer: number,
): Value {
  const { heads, keyValueHeads, headWidth, queryKeyNorm, rotary, scale, softCap, window } = description;
  const [rawQuery, rawKey, rawValue] = project(graph, weights, input, description);
  const prepare = (rows: Value, count: number, which: "query" | "key") => {
    const normed = normRows(graph, weights, rows, count * headWidth, queryKeyNorm, which);
    const grid = graph.add("Reshape", [normed, inputs.grid()]);
    if (rotary === undefined) return grid;
    const { cosine, sine, dimension } = inputs.rotary(rotary);
    return graph.add("RotaryEmbedding", [grid, cosine, sine], {
      num_heads: { int: count },
      rotary_embedding_dim: { int: dimension === headWidth ? 0 : dimension },
    });
  };
  const query = prepare(rawQuery, heads, "query");
  const key = prepare(rawKey, keyValueHeads, "key");
  const value = graph.add("Reshape", [rawValue, inputs.grid()]);
  const mask = inputs.mask(window);
  const past = inputs.past(layer, keyValueHeads, headWidth);
  const [mixed, presentKey, presentValue] = graph.addMany(
    "Attention",
    [query, key, value, mask ?? "", ...(past ?? [])],
    {
      q_num_heads: { int: heads },
      kv_num_heads: { int: keyValueHeads },
      scale: { float: scale },
      ...(mask === undefined && { is_causal: { int: 1 } }),
      ...(softCap !== undefined && { softcap: { float: softCap } }),
    },
    past === undefined ? 1 : 3,
  );
  if (presentKey !== undefined && presentValue !== undefined) {
    inputs.present(layer, presentKey, presentValue);
  }
  return linear(graph, weights, flatten(graph, mixed as Value, heads * headWidth), description.output);
}

/** Queries [N × heads · headWidth], keys and values [N × keyValueHeads · headWidth]. */
function project(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { projection, heads, keyValueHeads, headWidth }: AttentionDescription,
): readonly [Value, Value, Value] {
  if (projection.kind === "separate") {
    return [
      linear(graph, weights, input, projection.query),
      linear(graph, weights, input, projection.key),
      linear(graph, weights, input, projection.value),
    ];
  }
  const all = linear(graph, weights, input, projection.linear);
  if (projection.order === "blocks") {
    const sizes = graph.integers(heads * headWidth, keyValueHeads * headWidth, keyValueHeads * headWidth);
    return graph.addMany("Split", [all, sizes], { axis: { int: 1 } }, 3) as [Value, Value, Value];
  }
  const perHead = graph.add("Reshape", [all, graph.integers(-1, heads, 3 * headWidth)]);
  const parts = graph.addMany("Split", [perHead], { axis: { int: 2 }, num_outputs: { int: 3 } }, 3);
  return parts.map((part) => flatten(graph, part, heads * headWidth)) as [Value, Value, Value];
}

function normRows(
  graph: GraphBuilder,
  weights: GraphWeights,
  rows: Value,
  width: number,
  description: AttentionDescription["queryKeyNorm"],
  which: "query" | "key",
): Value {
  if (description === undefined) return rows;
  const { over } = description;
  const normed = description[which];
  if (over === "all-heads") return norm(graph, weights, rows, normed);
  const perHead = flatten(graph, rows, normed.width);
  return flatten(graph, norm(graph, weights, perHead, normed), width);
}
