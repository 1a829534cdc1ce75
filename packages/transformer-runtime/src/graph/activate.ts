import type { GraphBuilder, Value } from "@revocab/onnx";
import type { Activation } from "../description.ts";

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
