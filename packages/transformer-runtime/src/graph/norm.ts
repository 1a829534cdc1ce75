import type { GraphBuilder, Value } from "@revocab/onnx";
import type { NormDescription } from "../description.ts";
import type { Weights } from "../weights.ts";

/** Normalises the last dimension, whose size is the norm's width; undefined is no norm. */
export function norm(
  graph: GraphBuilder,
  weights: Weights,
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
