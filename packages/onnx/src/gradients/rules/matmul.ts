import type { Value } from "../../graph.ts";
import { broadcastShape, type Shape } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single, sumRepeated, transposedLast } from "./shared.ts";

/** A · B: by A it is g · Bᵀ, by B it is Aᵀ · g. */
export const matmul: GradientRule = ({ inputs }, gradients, { graph, needs, shapeOf }) => {
  const gradient = single(gradients);
  const [left, right] = inputs as [Value, Value];
  const [ofLeft, ofRight] = [shapeOf(left), shapeOf(right)];
  const leading = broadcastShape(ofLeft.slice(0, -2), ofRight.slice(0, -2));
  const summed = (product: Value, shape: Shape) =>
    sumRepeated(graph, product, shape, [...leading, ...shape.slice(-2)]);
  const byLeft = () => graph.add("MatMul", [gradient, transposedLast(graph, right, ofRight.length)]);
  const byRight = () => graph.add("MatMul", [transposedLast(graph, left, ofLeft.length), gradient]);
  return [needs(0) ? summed(byLeft(), ofLeft) : undefined, needs(1) ? summed(byRight(), ofRight) : undefined];
};
