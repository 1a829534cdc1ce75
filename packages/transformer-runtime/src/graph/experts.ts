import { ELEMENT, type GraphBuilder, type Value } from "@revocab/onnx";
import type {
  DenseDescription,
  ExpertsDescription,
  LayerDescription,
  RouterDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { added, feedForward, linear, norm } from "./layers.ts";
import type { Part } from "./part.ts";

/**
 * A mixture of experts in parts: one chooses the experts of each position, each of the next runs some experts, and the last adds
 * their sum to the hidden state. Between them go the states `normed`, what experts read; `routing`, [N × experts], what the
 * outputs of experts weigh, 0 for those that were not chosen, beginning with the next part's experts; and `mixed`, the sum so far.
 * @param expertValues weights of experts in a part, but at least one expert
 */
export function expertParts(
  layer: LayerDescription,
  description: ExpertsDescription,
  name: string,
  width: number,
  expertValues: number,
): Part[] {
  const { experts, router, shared } = description;
  const count = experts.length;
  const normedState = { normed: width };
  const sums = { routing: count, mixed: width };
  const most = Math.max(1, Math.floor(expertValues / valuesOf(experts[0] as DenseDescription)));
  const size = Math.ceil(count / Math.ceil(count / most)); // parts of one size are one session
  const starts = Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size);
  return [
    {
      name,
      takes: { hidden: width },
      gives: { ...normedState, ...sums },
      add(graph, weights, { hidden }) {
        const normed = norm(graph, weights, hidden, layer.norms.beforeFeedForward);
        const routing = route(graph, weights, normed, router);
        return { normed, routing, mixed: runShared(graph, weights, normed, shared) };
      },
    },
    ...starts.map((start): Part => {
      const own = experts.slice(start, start + size);
      return {
        name: `${name}, ${numbered(start, own.length)}`,
        takes: { ...normedState, ...sums },
        gives: sums,
        share: router.chosen / count,
        add(graph, weights, { normed, routing, mixed }) {
          const [now, later] = graph.addMany(
            "Split",
            [routing, graph.integers(own.length, count - own.length)],
            { axis: { int: 1 } },
            2,
          ) as [Value, Value];
          const sum = own.reduce(
            (before, expert, i) =>
              runExpert(graph, weights, expert, router, { normed, column: i, now }, before),
            mixed,
          );
          return { routing: graph.add("Concat", [later, now], { axis: { int: 1 } }), mixed: sum };
        },
      };
    }),
    {
      name,
      takes: { hidden: width, mixed: width },
      gives: { hidden: width },
      add(graph, weights, { hidden, mixed }) {
        const sum = added(graph, hidden, norm(graph, weights, mixed, layer.norms.afterFeedForward), layer);
        return { hidden: norm(graph, weights, sum, layer.norms.afterFeedForwardSum) };
      },
    },
  ];
}

/** `expert 1`, `experts 1 to 8` */
function numbered(start: number, count: number): string {
  return count === 1 ? `expert ${start + 1}` : `experts ${start + 1} to ${start + count}`;
}

/** Weights of the matrices of a feed-forward layer. */
function valuesOf(expert: DenseDescription): number {
  const inner = expert.kind === "gated-fused" ? [expert.gateUp] : [expert.up];
  const matrices = [...inner, ...(expert.kind === "gated" ? [expert.gate] : []), expert.down];
  return matrices.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
}

/** What each expert's output weighs, [N × experts]; 0 for those that are not chosen. */
function route(
  graph: GraphBuilder,
  weights: GraphWeights,
  normed: Value,
  { linear: gate, scores: kind, chosen, correction, groups, normalized = false, scale }: RouterDescription,
): Value {
  const raw = linear(graph, weights, normed, gate);
  const scores =
    kind === "softmax" ? graph.add("Softmax", [raw], { axis: { int: 1 } }) : graph.add("Sigmoid", [raw]);
  const corrected =
    correction === undefined
      ? scores
      : graph.add("Add", [scores, weights.use(graph, correction.tensor, correction.shape)]);
  const allowed = groups === undefined ? corrected : inBestGroups(graph, corrected, gate.outputs, groups);
  const [, places] = graph.addMany("TopK", [allowed, graph.integers(chosen)], { axis: { int: 1 } }, 2);
  let values = graph.add("GatherElements", [scores, places as Value], { axis: { int: 1 } });
  if (normalized) values = graph.add("Div", [values, graph.add("ReduceSum", [values, graph.integers(1)])]);
  if (scale !== undefined) values = graph.add("Mul", [values, graph.number(scale)]);
  return scattered(graph, scores, places as Value, values);
}

/** The scores of experts in the best groups; those of others become −∞. */
function inBestGroups(
  graph: GraphBuilder,
  scores: Value,
  experts: number,
  { count, chosen, by }: NonNullable<RouterDescription["groups"]>,
): Value {
  const grouped = graph.add("Reshape", [scores, graph.integers(-1, count, experts / count)]);
  const [best] = graph.addMany(
    "TopK",
    [grouped, graph.integers(by === "best" ? 1 : 2)],
    { axis: { int: 2 } },
    2,
  );
  const ofGroups = graph.add("ReduceSum", [best as Value, graph.integers(2)], { keepdims: { int: 0 } });
  const [values, places] = graph.addMany(
    "TopK",
    [ofGroups, graph.integers(chosen)],
    { axis: { int: 1 } },
    2,
  ) as [Value, Value];
  const ones = graph.add("Expand", [graph.number(1), graph.add("Shape", [values])]);
  const isBest = graph.add("Cast", [scattered(graph, ofGroups, places, ones)], { to: { int: ELEMENT.bool } });
  const masked = graph.add("Where", [
    graph.add("Unsqueeze", [isBest, graph.integers(2)]),
    grouped,
    graph.number(Number.NEGATIVE_INFINITY),
  ]);
  return graph.add("Reshape", [masked, graph.integers(-1, experts)]);
}

/** Zeros in the shape of `like`, [N × columns], with `values` at the columns `places`, [N × k] both. */
function scattered(graph: GraphBuilder, like: Value, places: Value, values: Value): Value {
  return graph.add("ScatterElements", [zerosLike(graph, like), places, values], { axis: { int: 1 } });
}

function zerosLike(graph: GraphBuilder, like: Value): Value {
  return graph.add("ConstantOfShape", [graph.add("Shape", [like])]);
}

function runShared(
  graph: GraphBuilder,
  weights: GraphWeights,
  normed: Value,
  shared: ExpertsDescription["shared"],
): Value {
  if (shared === undefined) return zerosLike(graph, normed);
  const given = feedForward(graph, weights, normed, shared.layer);
  if (shared.gate === undefined) return given;
  return graph.add("Mul", [graph.add("Sigmoid", [linear(graph, weights, normed, shared.gate)]), given]);
}

/** Adds to `before`, [N × d], what an expert gives for the rows that weigh it: there may be none. */
function runExpert(
  graph: GraphBuilder,
  weights: GraphWeights,
  expert: DenseDescription,
  { weighs = "output" }: RouterDescription,
  { normed, column, now }: { readonly normed: Value; readonly column: number; readonly now: Value },
  before: Value,
): Value {
  const weigh = graph.add("Gather", [now, graph.integers(column)], { axis: { int: 1 } });
  const rows = graph.add("Slice", [
    graph.add("Transpose", [graph.add("NonZero", [weigh])]),
    graph.integers(0),
    graph.integers(1),
    graph.integers(1),
  ]);
  const own = graph.add("GatherND", [weigh, rows]);
  const read = graph.add("GatherND", [normed, rows]);
  const weighed = (value: Value) => graph.add("Mul", [value, own]);
  const given =
    weighs === "input"
      ? feedForward(graph, weights, weighed(read), expert)
      : weighed(feedForward(graph, weights, read, expert));
  return graph.add("ScatterND", [before, rows, given], { reduction: { string: "add" } });
}
