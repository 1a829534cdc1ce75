import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single, sumToShape } from "./shared.ts";

/** Each factor's gradient is multiplied with the other factor. */
export const multiply: GradientRule = ({ inputs }, gradients, context) =>
  inputs.map((input, i) => {
    if (!context.needs(i)) return undefined;
    const other = inputs[1 - i] as Value;
    const product = context.graph.add("Mul", [single(gradients), other]);
    return sumToShape(context, product, input, inputs);
  });
