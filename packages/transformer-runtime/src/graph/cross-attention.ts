import type { GraphBuilder, Value } from "@revocab/onnx";
import type { CrossAttentionDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { linear } from "./layers.ts";
import { type BodyInputs, flatten } from "./ports.ts";

/**
 * Attention to the encoder's states, [N × d] → [N × d]. All sequences have the same source and no position sees another here, so
 * that all N positions are one sequence for the operator.
 */
export function crossAttention(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { heads, query, key, value, output, scale }: CrossAttentionDescription,
  inputs: BodyInputs,
): Value {
  const encoded = inputs.encoded(key.inputs);
  const asBatch = (rows: Value) => graph.add("Unsqueeze", [rows, graph.integers(0)]);
  const mixed = graph.add(
    "Attention",
    [
      asBatch(linear(graph, weights, input, query)),
      asBatch(linear(graph, weights, encoded, key)),
      asBatch(linear(graph, weights, encoded, value)),
    ],
    { q_num_heads: { int: heads }, kv_num_heads: { int: heads }, scale: { float: scale } },
  );
  return linear(graph, weights, flatten(graph, mixed, value.outputs), output);
}
