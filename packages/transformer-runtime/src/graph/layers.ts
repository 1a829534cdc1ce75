import type { ElementType, GraphBuilder, Value } from "@revocab/onnx";
import type {
  Activation,
  FeedForwardDescription,
  LinearDescription,
  NormDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";

/** x · Wᵀ + b, [N × inputs] → [N × outputs]. Both are f32; the product is computed in the type that the weights have for products. */
export function linear(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { weight, bias, inputs, outputs, order = "outputs-first" }: LinearDescription,
): Value {
  const transposed = order === "outputs-first";
  const matrix = weights.useFactor(graph, weight, transposed ? [outputs, inputs] : [inputs, outputs]);
  const addend = bias === undefined ? [] : [weights.useFactor(graph, bias, [outputs])];
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

/** Normalises the last dimension, whose size is the norm's width; undefined is no norm. */
export function norm(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: NormDescription | undefined,
): Value {
  if (description === undefined) return input;
  const { kind, width, epsilon, weight, bias, weightPlusOne = false } = description;
  const stored = weight === undefined ? graph.filled(width, 1) : weights.use(graph, weight, [width]);
  const scale = weightPlusOne ? graph.add("Add", [stored, graph.number(1)]) : stored;
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  if (kind === "rms") return graph.add("RMSNormalization", [input, scale], attributes);
  const shift = bias === undefined ? [] : [weights.use(graph, bias, [width])];
  return graph.add("LayerNormalization", [input, scale, ...shift], attributes);
}

/** Adds the nodes of an activation function to a graph. */
export function activate(graph: GraphBuilder, input: Value, activation: Activation): Value {
  switch (activation) {
    case "silu":
      return graph.add("Mul", [input, graph.add("Sigmoid", [input])]);
    case "gelu":
      return graph.add("Gelu", [input]);
    case "gelu-tanh":
      return graph.add("Gelu", [input], { approximate: { string: "tanh" } });
    case "relu":
      return graph.add("Relu", [input]);
  }
}

/** [N × d] → [N × d] */
export function feedForward(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: FeedForwardDescription,
): Value {
  return linear(graph, weights, inner(graph, weights, input, description), description.down);
}

function inner(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: FeedForwardDescription,
): Value {
  const { activation } = description;
  if (description.kind === "plain") {
    return activate(graph, linear(graph, weights, input, description.up), activation);
  }
  const [gate, up] =
    description.kind === "gated"
      ? [linear(graph, weights, input, description.gate), linear(graph, weights, input, description.up)]
      : graph.addMany(
          "Split",
          [linear(graph, weights, input, description.gateUp)],
          { axis: { int: 1 }, num_outputs: { int: 2 } },
          2,
        );
  return graph.add("Mul", [activate(graph, gate as Value, activation), up as Value]);
}
