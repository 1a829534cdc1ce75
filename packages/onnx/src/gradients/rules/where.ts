import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single, sumToShape } from "./shared.ts";

export const where: GradientRule = ({ inputs }, gradients, context) => {
  const { graph, needs } = context;
  const [condition, ifTrue, ifFalse] = inputs as [Value, Value, Value];
  const gradient = single(gradients);
  const zero = graph.number(0);
  const own = (which: Value, i: number) => {
    if (!needs(i)) return undefined;
    const passed = i === 1 ? [condition, gradient, zero] : [condition, zero, gradient];
    return sumToShape(context, graph.add("Where", passed), which, inputs);
  };
  return [undefined, own(ifTrue, 1), own(ifFalse, 2)];
};
