import type { GraphBuilder, Value } from "../../graph.ts";
import { broadcastShape, type Shape } from "../../infer-shapes.ts";
import type { RuleContext } from "../rule.ts";

/** The one gradient of an operator with one output. */
export function single(gradients: readonly (Value | undefined)[]): Value {
  const [gradient] = gradients;
  if (gradient === undefined)
    throw new RangeError("the operator has a gradient by another output than its first");
  return gradient;
}

/** Sums a gradient over the dimensions in which `value` was repeated to the shape that `values` have together. */
export function sumToShape(
  { graph, shapeOf }: RuleContext,
  gradient: Value,
  value: string,
  values: readonly string[],
): Value {
  const shape = shapeOf(value);
  const whole = values.map(shapeOf).reduce(broadcastShape);
  return sumRepeated(graph, gradient, shape, whole);
}

/** A dimension that is only known when the graph runs is taken not to be 1. */
export function sumRepeated(graph: GraphBuilder, gradient: Value, shape: Shape, whole: Shape): Value {
  const extra = whole.length - shape.length;
  const repeated = whole.flatMap((size, i) =>
    i >= extra && shape[i - extra] === 1 && size !== 1 ? [i] : [],
  );
  const kept =
    repeated.length === 0 ? gradient : graph.add("ReduceSum", [gradient, graph.integers(...repeated)]);
  if (extra === 0) return kept;
  const leading = Array.from({ length: extra }, (_, i) => i);
  return graph.add("ReduceSum", [kept, graph.integers(...leading)], { keepdims: { int: 0 } });
}

/** A gradient in the shape that a value has when the graph runs. */
export function reshapeLike({ graph, sizesOf }: RuleContext, gradient: Value, value: string): Value {
  return graph.add("Reshape", [gradient, sizesOf(value)]);
}

export function zerosLike(graph: GraphBuilder, value: string): Value {
  return graph.add("ConstantOfShape", [graph.add("Shape", [value as Value])]);
}

/** A 1-dimensional tensor with the size of one dimension of a value. */
export function sizeAlong(graph: GraphBuilder, value: string, axis: number): Value {
  return graph.add("Shape", [value as Value], { start: { int: axis }, end: { int: axis + 1 } });
}

/** Exchanges the last two dimensions. */
export function transposedLast(graph: GraphBuilder, value: Value, rank: number): Value {
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm.push(...(perm.splice(-2).reverse() as number[]));
  return graph.add("Transpose", [value], { perm: { ints: perm } });
}
