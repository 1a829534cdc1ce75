import type { GraphBuilder, Value } from "../../graph.ts";
import { floatAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/**
 * y = r · x · s with r = 1 / √(mean x² + ε): r · (g · s − r² · x · mean (g · s · x)). The scale is a frozen weight, and the mean is over
 * the last dimension.
 */
export const rmsNormalization: GradientRule = (node, gradients, { graph, needs }) => {
  if (needs(1)) throw new RangeError("the scale of a norm has no gradient here");
  const [x, scale] = node.inputs as [Value, Value];
  const scaled = graph.add("Mul", [single(gradients), scale]);
  const r = inverseRoot(
    graph,
    meanOf(graph, graph.add("Mul", [x, x])),
    floatAttribute(node, "epsilon", 1e-5),
  );
  const normed = graph.add("Mul", [x, r]);
  const along = meanOf(graph, graph.add("Mul", [scaled, normed]));
  return [graph.add("Mul", [r, graph.add("Sub", [scaled, graph.add("Mul", [normed, along])])])];
};

/** Over the last dimension, which stays as 1. */
export function meanOf(graph: GraphBuilder, value: Value): Value {
  return graph.add("ReduceMean", [value, graph.integers(-1)]);
}

/** 1 / √(v + ε) */
export function inverseRoot(graph: GraphBuilder, value: Value, epsilon: number): Value {
  const root = graph.add("Sqrt", [graph.add("Add", [value, graph.number(epsilon)])]);
  return graph.add("Div", [graph.number(1), root]);
}
