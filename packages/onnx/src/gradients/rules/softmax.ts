import type { GraphBuilder, Value } from "../../graph.ts";
import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** y · (g − Σ g · y) */
export const softmax: GradientRule = (node, gradients, { graph }) => {
  const axis = integerAttribute(node, "axis", -1);
  return [gradientOfSoftmax(graph, node.outputs[0] as Value, single(gradients), axis)];
};

/** @param y what the softmax gave */
export function gradientOfSoftmax(graph: GraphBuilder, y: Value, gradient: Value, axis: number): Value {
  const sum = graph.add("ReduceSum", [graph.add("Mul", [gradient, y]), graph.integers(axis)]);
  return graph.add("Mul", [y, graph.add("Sub", [gradient, sum])]);
}
