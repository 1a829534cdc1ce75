import type { GraphBuilder, Value } from "@revocab/onnx";
import type { FeedForwardDescription } from "../description.ts";
import type { Weights } from "../weights.ts";
import { activate } from "./activate.ts";
import { linear } from "./linear.ts";

/** [N × d] → [N × d] */
export function feedForward(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  description: FeedForwardDescription,
): Value {
  return linear(graph, weights, inner(graph, weights, input, description), description.down);
}

function inner(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  description: FeedForwardDescription,
): Value {
  const { activation } = description;
  if (description.kind === "plain") {
    return activate(graph, linear(graph, weights, input, description.up), activation);
  }
  const [gate, up] =
    description.kind === "gated"
      ? [linear(graph, weights, input, description.gate), linear(graph, weights, input, description.up)]
      : graph.addMany(
          "Split",
          [linear(graph, weights, input, description.gateUp)],
          { axis: { int: 1 }, num_outputs: { int: 2 } },
          2,
        );
  return graph.add("Mul", [activate(graph, gate as Value, activation), up as Value]);
}
