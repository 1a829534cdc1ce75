import type { GraphBuilder, Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** x · Φ(x): Φ(x) + x · φ(x); or its approximation by a tanh. */
export const gelu: GradientRule = ({ inputs, attributes }, gradients, { graph }) => {
  const x = inputs[0] as Value;
  const { approximate } = attributes;
  const isTanh = approximate !== undefined && "string" in approximate && approximate.string === "tanh";
  return [graph.add("Mul", [single(gradients), isTanh ? slopeOfTanh(graph, x) : slope(graph, x)])];
};

function slope(graph: GraphBuilder, x: Value): Value {
  const share = graph.add("Erf", [graph.add("Mul", [x, graph.number(Math.SQRT1_2)])]);
  const distribution = half(graph, share);
  const square = graph.add("Mul", [x, x]);
  const density = graph.add("Mul", [
    graph.add("Exp", [graph.add("Mul", [square, graph.number(-0.5)])]),
    graph.number(1 / Math.sqrt(2 * Math.PI)),
  ]);
  return graph.add("Add", [distribution, graph.add("Mul", [x, density])]);
}

/** x · (1 + t) / 2 with t = tanh(a · (x + b · x³)) */
function slopeOfTanh(graph: GraphBuilder, x: Value): Value {
  const times = (value: Value, factor: number) => graph.add("Mul", [value, graph.number(factor)]);
  const square = graph.add("Mul", [x, x]);
  const inner = graph.add("Add", [times(square, A * B), graph.number(A)]);
  const t = graph.add("Tanh", [graph.add("Mul", [x, inner])]);
  const ofTanh = graph.add("Sub", [graph.number(1), graph.add("Mul", [t, t])]);
  const ofInner = graph.add("Add", [times(square, 3 * A * B), graph.number(A)]);
  const turning = graph.add("Mul", [times(x, 0.5), graph.add("Mul", [ofTanh, ofInner])]);
  return graph.add("Add", [half(graph, t), turning]);
}

const A = Math.sqrt(2 / Math.PI);
const B = 0.044715;

/** (1 + y) / 2 */
function half(graph: GraphBuilder, y: Value): Value {
  return graph.add("Mul", [graph.add("Add", [y, graph.number(1)]), graph.number(0.5)]);
}
