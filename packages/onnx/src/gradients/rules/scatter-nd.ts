import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** Values that are added at places. */
export const scatterNd: GradientRule = ({ inputs, attributes }, gradients, { graph, needs }) => {
  const { reduction } = attributes;
  if (reduction === undefined || !("string" in reduction) || reduction.string !== "add") {
    throw new RangeError("a scatter that replaces has no gradient here");
  }
  const gradient = single(gradients);
  return [gradient, undefined, needs(2) ? graph.add("GatherND", [gradient, inputs[1] as Value]) : undefined];
};
