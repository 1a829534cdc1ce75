import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

export const transpose: GradientRule = ({ attributes }, gradients, { graph }) => {
  const { perm } = attributes;
  const inverse: number[] = [];
  if (perm !== undefined && "ints" in perm) for (const [to, from] of perm.ints.entries()) inverse[from] = to;
  const gradient = single(gradients);
  return [graph.add("Transpose", [gradient], inverse.length === 0 ? {} : { perm: { ints: inverse } })];
};
