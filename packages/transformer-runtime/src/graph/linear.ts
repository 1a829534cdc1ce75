import type { GraphBuilder, Value } from "@revocab/onnx";
import type { LinearDescription } from "../description.ts";
import type { Weights } from "../weights.ts";

/** x · Wᵀ + b, [N × inputs] → [N × outputs]. */
export function linear(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  { weight, bias, inputs, outputs, order = "outputs-first" }: LinearDescription,
): Value {
  const transposed = order === "outputs-first";
  const matrix = weights.use(graph, weight, transposed ? [outputs, inputs] : [inputs, outputs]);
  const addend = bias === undefined ? [] : [weights.use(graph, bias, [outputs])];
  return graph.add("Gemm", [input, matrix, ...addend], { transB: { int: transposed ? 1 : 0 } });
}
