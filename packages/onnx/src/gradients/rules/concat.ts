import { integerAttribute, placeOf } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single, sizeAlong } from "./shared.ts";

export const concat: GradientRule = (node, gradients, { graph, shapeOf }) => {
  const axis = placeOf(integerAttribute(node, "axis", 0), shapeOf(node.outputs[0] as string));
  const sizes = graph.add(
    "Concat",
    node.inputs.map((input) => sizeAlong(graph, input, axis)),
    { axis: { int: 0 } },
  );
  return graph.addMany("Split", [single(gradients), sizes], { axis: { int: axis } }, node.inputs.length);
};
