import type { GradientRule } from "../rule.ts";
import { single, sumToShape } from "./shared.ts";

export const add: GradientRule = ({ inputs }, gradients, context) =>
  inputs.map((input, i) =>
    context.needs(i) ? sumToShape(context, single(gradients), input, inputs) : undefined,
  );
