import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

export const relu: GradientRule = ({ inputs }, gradients, { graph }) => {
  const isAbove = graph.add("Greater", [inputs[0] as Value, graph.number(0)]);
  return [graph.add("Where", [isAbove, single(gradients), graph.number(0)])];
};
