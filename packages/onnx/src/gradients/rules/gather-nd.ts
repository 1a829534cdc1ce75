import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single, zerosLike } from "./shared.ts";

export const gatherNd: GradientRule = ({ inputs }, gradients, { graph, needs }) => {
  if (!needs(0)) return [];
  const [data, places] = inputs as [Value, Value];
  const zeros = zerosLike(graph, data);
  return [graph.add("ScatterND", [zeros, places, single(gradients)], { reduction: { string: "add" } })];
};
