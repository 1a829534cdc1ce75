import type { ElementType, GraphBuilder, Value } from "@revocab/onnx";
import type {
  Activation,
  DenseDescription,
  LayerDescription,
  LinearDescription,
  NormDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { flatten } from "./ports.ts";

/** x · Wᵀ + b, [N × inputs] → [N × outputs]. Both are f32; the product is computed in the type that the weights have for products. */
export function linear(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { weight, bias, inputs, outputs, order = "outputs-first", slice }: LinearDescription,
): Value {
  const transposed = order === "outputs-first";
  const shape = transposed ? [outputs, inputs] : [inputs, outputs];
  const matrix = weights.useFactor(graph, weight, shape, slice);
  const addend = bias === undefined ? [] : [weights.useFactor(graph, bias, [outputs], slice)];
  return productIn(weights.products, graph, [input, matrix, ...addend], transposed);
}

/**
 * A · B, or A · Bᵀ, + c.
 * @param operands A [N × k] in f32; the others in `type`
 * @returns f32
 */
export function productIn(
  type: ElementType,
  graph: GraphBuilder,
  [left, ...others]: readonly [Value, ...Value[]],
  transposed: boolean,
): Value {
  const attributes = { transB: { int: transposed ? 1 : 0 } };
  if (type === "float") return graph.add("Gemm", [left, ...others], attributes);
  const product = graph.add("Gemm", [graph.cast(left, type), ...others], attributes);
  return graph.cast(product, "float");
}

/** Normalises the last dimension, [N × width] → [N × width], or each group of columns; undefined is no norm. */
export function norm(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: NormDescription | undefined,
): Value {
  if (description === undefined) return input;
  const { kind, width, epsilon, weight, bias, weightPlusOne = false, groups } = description;
  if (groups !== undefined) return groupedNorm(graph, weights, input, description, groups);
  const stored = weight === undefined ? graph.filled(width, 1) : weights.use(graph, weight, [width]);
  const scale = weightPlusOne ? graph.add("Add", [stored, graph.number(1)]) : stored;
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  if (kind === "rms") return graph.add("RMSNormalization", [input, scale], attributes);
  const shift = bias === undefined ? [] : [weights.use(graph, bias, [width])];
  return graph.add("LayerNormalization", [input, scale, ...shift], attributes);
}

/** [N × groups · width] → [N × groups · width] */
function groupedNorm(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { kind, width, epsilon, weight }: NormDescription,
  groups: number,
): Value {
  const grouped = graph.add("Reshape", [input, graph.integers(-1, groups, width)]);
  const normed = norm(graph, weights, grouped, { kind, width, epsilon });
  const scaled =
    weight === undefined ? normed : graph.add("Mul", [normed, weights.use(graph, weight, [groups, width])]);
  return flatten(graph, scaled, groups * width);
}

/** Adds the nodes of an activation function to a graph. */
export function activate(graph: GraphBuilder, input: Value, activation: Activation): Value {
  switch (activation) {
    case "silu":
      return graph.add("Mul", [input, graph.add("Sigmoid", [input])]);
    case "quick-gelu":
      return graph.add("Mul", [
        input,
        graph.add("Sigmoid", [graph.add("Mul", [input, graph.number(1.702)])]),
      ]);
    case "gelu":
      return graph.add("Gelu", [input]);
    case "gelu-tanh":
      return graph.add("Gelu", [input], { approximate: { string: "tanh" } });
    case "relu":
      return graph.add("Relu", [input]);
    case "relu-squared": {
      const positive = graph.add("Relu", [input]);
      return graph.add("Mul", [positive, positive]);
    }
  }
}

/** The hidden state with what a branch of a layer gives. */
export function added(
  graph: GraphBuilder,
  hidden: Value,
  given: Value,
  { residualScale }: LayerDescription,
): Value {
  const scaled = residualScale === undefined ? given : graph.add("Mul", [given, graph.number(residualScale)]);
  return graph.add("Add", [hidden, scaled]);
}

/** [N × d] → [N × d] */
export function feedForward(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: DenseDescription,
): Value {
  return linear(graph, weights, inner(graph, weights, input, description), description.down);
}

function inner(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: DenseDescription,
): Value {
  const { activation } = description;
  if (description.kind === "plain") {
    return activate(graph, linear(graph, weights, input, description.up), activation);
  }
  const [gate, up] =
    description.kind === "gated"
      ? [linear(graph, weights, input, description.gate), linear(graph, weights, input, description.up)]
      : gateAndUp(graph, weights, input, description);
  return graph.add("Mul", [activate(graph, gate, activation), up]);
}

function gateAndUp(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { gateUp, order = "gate-first", limit }: Extract<DenseDescription, { kind: "gated-fused" }>,
): readonly [Value, Value] {
  const both = linear(graph, weights, input, gateUp);
  const [gate, up] =
    order === "gate-first" ? halves(graph, both) : alternating(graph, both, gateUp.outputs / 2);
  if (limit === undefined) return [gate, up];
  const [least, most] = [graph.number(-limit), graph.number(limit)];
  return [
    graph.add("Clip", [gate, "", most]),
    graph.add("Add", [graph.add("Clip", [up, least, most]), graph.number(1)]),
  ];
}

function halves(graph: GraphBuilder, columns: Value): readonly [Value, Value] {
  return graph.addMany("Split", [columns], { axis: { int: 1 }, num_outputs: { int: 2 } }, 2) as [
    Value,
    Value,
  ];
}

/** Columns 0, 2, 4, … and columns 1, 3, 5, …, [N × width] each. */
function alternating(graph: GraphBuilder, columns: Value, width: number): readonly [Value, Value] {
  const pairs = graph.add("Reshape", [columns, graph.integers(-1, width, 2)]);
  const [even, odd] = graph.addMany("Split", [pairs], { axis: { int: 2 }, num_outputs: { int: 2 } }, 2);
  return [flatten(graph, even as Value, width), flatten(graph, odd as Value, width)];
}
