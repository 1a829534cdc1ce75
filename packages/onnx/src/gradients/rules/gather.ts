import type { GraphBuilder, Value } from "../../graph.ts";
import { integerAttribute, placeOf } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single, zerosLike } from "./shared.ts";

/** Rows, or columns, by their places: those that came several times get the sum. */
export const gather: GradientRule = (node, gradients, { graph, needs, shapeOf }) => {
  if (!needs(0)) return [];
  const [data, indices] = node.inputs as [Value, Value];
  const shape = shapeOf(data);
  const axis = placeOf(integerAttribute(node, "axis", 0), shape);
  if (shapeOf(indices).length !== 1)
    throw new RangeError("a gather by a table of places has no gradient here");
  const gradient = single(gradients);
  const folded = graph.integers(...shape.map((_, i) => (i === axis ? -1 : 1)));
  const places = graph.add("Expand", [
    graph.add("Reshape", [indices, folded]),
    graph.add("Shape", [gradient]),
  ]);
  return [scatteredSum(graph, data, places, gradient, axis)];
};

/** Zeros in the shape of `like` with values added at places along one dimension. */
export function scatteredSum(
  graph: GraphBuilder,
  like: Value,
  places: Value,
  values: Value,
  axis: number,
): Value {
  return graph.add("ScatterElements", [zerosLike(graph, like), places, values], {
    axis: { int: axis },
    reduction: { string: "add" },
  });
}
