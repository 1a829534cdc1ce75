import type { GradientRule } from "../rule.ts";
import { single, sumToShape } from "./shared.ts";

export const subtract: GradientRule = ({ inputs }, gradients, context) => {
  const gradient = single(gradients);
  return inputs.map((input, i) => {
    if (!context.needs(i)) return undefined;
    const signed = i === 0 ? gradient : context.graph.add("Neg", [gradient]);
    return sumToShape(context, signed, input, inputs);
  });
};
