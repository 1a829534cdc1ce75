import type { Value } from "../../graph.ts";
import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** Each term has the gradient of the sum. */
export const reduceSum: GradientRule = (node, gradients, { graph, shapeOf, integersOf }) => {
  const [value, axes] = node.inputs as [Value, Value];
  const rank = shapeOf(value).length;
  const keeps = integerAttribute(node, "keepdims", 1) === 1;
  const places = integersOf(axes).map((axis) => (axis < 0 ? axis + rank : axis));
  const kept = keeps
    ? single(gradients)
    : graph.add("Unsqueeze", [single(gradients), graph.integers(...places)]);
  return [graph.add("Expand", [kept, graph.add("Shape", [value])])];
};
