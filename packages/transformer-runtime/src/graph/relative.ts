import type { GraphBuilder, Value } from "@revocab/onnx";
import type {
  AttentionDescription,
  DistanceBiasDescription,
  LinearDescription,
  RelativeDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { linear, norm } from "./layers.ts";
import type { BodyInputs } from "./ports.ts";

/** What relative positions add to the scores, [B × heads × T × S], of queries and keys [B × T × heads · headWidth]. */
export function relativeScores(
  graph: GraphBuilder,
  weights: GraphWeights,
  query: Value,
  key: Value,
  description: AttentionDescription,
  relative: RelativeDescription,
  inputs: BodyInputs,
): Value | undefined {
  const { heads, headWidth, scale } = description;
  const { table, norm: ofTable, keys, queries } = relative;
  const d = (keys ?? queries)?.inputs;
  if (d === undefined) return undefined;
  const rows = norm(graph, weights, weights.use(graph, table.tensor, [table.rows, d]), ofTable);
  const perHead = (grid: Value) =>
    graph.add("Transpose", [graph.add("Reshape", [grid, graph.integers(0, 0, heads, headWidth)])], {
      perm: { ints: [0, 2, 1, 3] },
    });
  const places = inputs.relative();
  /** Each position's products with the rows that `at` names. */
  const scored = (grid: Value, projection: LinearDescription, at: Value) => {
    const projected = linear(graph, weights, rows, projection);
    const columns = graph.add(
      "Transpose",
      [graph.add("Reshape", [projected, graph.integers(-1, heads, headWidth)])],
      { perm: { ints: [1, 2, 0] } },
    );
    const products = graph.add("MatMul", [perHead(grid), columns]);
    const leading = graph.add("Shape", [products], { start: { int: 0 }, end: { int: 2 } });
    const shape = graph.add("Concat", [leading, graph.add("Shape", [at])], { axis: { int: 0 } });
    return graph.add("GatherElements", [products, graph.add("Expand", [at, shape])], { axis: { int: 3 } });
  };
  const transposed = (value: Value, perm: readonly number[]) =>
    graph.add("Transpose", [value], { perm: { ints: perm } });
  const ofQueries = keys && scored(query, keys, places);
  const ofKeys = queries && transposed(scored(key, queries, transposed(places, [1, 0])), [0, 1, 3, 2]);
  const sum =
    ofQueries !== undefined && ofKeys !== undefined
      ? graph.add("Add", [ofQueries, ofKeys])
      : ((ofQueries ?? ofKeys) as Value);
  return graph.add("Mul", [sum, graph.number(scale)]);
}

/** A learned number for each head by the distance of query and key, [heads × T × S]. */
export function biasByDistance(
  graph: GraphBuilder,
  weights: GraphWeights,
  heads: number,
  { table }: DistanceBiasDescription,
  inputs: BodyInputs,
): Value {
  const rows = weights.use(graph, table.tensor, [table.rows, heads]);
  const biases = graph.add("Gather", [rows, inputs.relative()]);
  return graph.add("Transpose", [biases], { perm: { ints: [2, 0, 1] } });
}
