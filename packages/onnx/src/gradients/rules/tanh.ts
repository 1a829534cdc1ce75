import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** y' = 1 − y² */
export const tanh: GradientRule = ({ outputs }, gradients, { graph }) => {
  const y = outputs[0] as Value;
  const slope = graph.add("Sub", [graph.number(1), graph.add("Mul", [y, y])]);
  return [graph.add("Mul", [single(gradients), slope])];
};
