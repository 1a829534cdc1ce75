import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { zerosLike } from "./shared.ts";

export const split: GradientRule = (node, gradients, { graph }) => {
  const parts = node.outputs.map((output, i) => gradients[i] ?? zerosLike(graph, output));
  return [graph.add("Concat", parts, { axis: { int: integerAttribute(node, "axis", 0) } })];
};
