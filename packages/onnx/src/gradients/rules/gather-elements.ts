import type { Value } from "../../graph.ts";
import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { scatteredSum } from "./gather.ts";
import { single } from "./shared.ts";

export const gatherElements: GradientRule = (node, gradients, { graph, needs }) => {
  if (!needs(0)) return [];
  const [data, places] = node.inputs as [Value, Value];
  return [scatteredSum(graph, data, places, single(gradients), integerAttribute(node, "axis", 0))];
};
