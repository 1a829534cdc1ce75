import type { Value } from "../../graph.ts";
import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single, zerosLike } from "./shared.ts";

/** Values that replace those at places. */
export const scatterElements: GradientRule = (node, gradients, { graph, needs }) => {
  if (node.attributes.reduction !== undefined) {
    throw new RangeError("a scatter that adds has no gradient here");
  }
  const [, places, values] = node.inputs as [Value, Value, Value];
  const gradient = single(gradients);
  const along = { axis: { int: integerAttribute(node, "axis", 0) } };
  const kept = () => graph.add("ScatterElements", [gradient, places, zerosLike(graph, values)], along);
  return [
    needs(0) ? kept() : undefined,
    undefined,
    needs(2) ? graph.add("GatherElements", [gradient, places], along) : undefined,
  ];
};
