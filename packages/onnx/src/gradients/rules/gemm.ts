import type { Value } from "../../graph.ts";
import { integerAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single, sumRepeated } from "./shared.ts";

/** A · B + c, both perhaps transposed: by A it is g · Bᵀ, by B it is Aᵀ · g, by c it is g. */
export const gemm: GradientRule = (node, gradients, context) => {
  const { graph, needs, shapeOf } = context;
  const gradient = single(gradients);
  const [left, right, addend] = node.inputs as [Value, Value, Value | undefined];
  const [a, b] = [integerAttribute(node, "transA", 0), integerAttribute(node, "transB", 0)];
  const product = (first: Value, second: Value, transA: number, transB: number) =>
    graph.add("Gemm", [first, second], { transA: { int: transA }, transB: { int: transB } });
  const byLeft = () => (a ? product(right, gradient, b, 1) : product(gradient, right, 0, 1 - b));
  const byRight = () => (b ? product(gradient, left, 1, a) : product(left, gradient, 1 - a, 0));
  const output = shapeOf(node.outputs[0] as string);
  return [
    needs(0) ? byLeft() : undefined,
    needs(1) ? byRight() : undefined,
    addend !== undefined && needs(2) ? sumRepeated(graph, gradient, shapeOf(addend), output) : undefined,
  ];
};
