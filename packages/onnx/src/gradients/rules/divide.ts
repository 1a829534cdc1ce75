import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single, sumToShape } from "./shared.ts";

/** y = a / b: by a it is g / b, by b it is −g · y / b. */
export const divide: GradientRule = ({ inputs, outputs }, gradients, context) => {
  const { graph } = context;
  const [left, right] = inputs as [Value, Value];
  const quotient = graph.add("Div", [single(gradients), right]);
  return inputs.map((input, i) => {
    if (!context.needs(i)) return undefined;
    const own =
      input === left && i === 0
        ? quotient
        : graph.add("Neg", [graph.add("Mul", [quotient, outputs[0] as Value])]);
    return sumToShape(context, own, input, inputs);
  });
};
