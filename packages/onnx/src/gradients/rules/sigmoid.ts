import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** y' = y · (1 − y) */
export const sigmoid: GradientRule = ({ outputs }, gradients, { graph }) => {
  const y = outputs[0] as Value;
  const slope = graph.add("Mul", [y, graph.add("Sub", [graph.number(1), y])]);
  return [graph.add("Mul", [single(gradients), slope])];
};
