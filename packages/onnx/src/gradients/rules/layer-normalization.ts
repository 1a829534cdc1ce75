import type { Value } from "../../graph.ts";
import { floatAttribute } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { inverseRoot, meanOf } from "./rms-normalization.ts";
import { single } from "./shared.ts";

/**
 * y = n · s + b with n = r · (x − mean x), r = 1 / √(variance + ε): r · (g · s − mean (g · s) − n · mean (g · s · n)). Scale and shift are
 * frozen weights, and the means are over the last dimension.
 */
export const layerNormalization: GradientRule = (node, gradients, { graph, needs }) => {
  if (needs(1) || needs(2)) throw new RangeError("the scale and the shift of a norm have no gradient here");
  const [x, scale] = node.inputs as [Value, Value];
  const scaled = graph.add("Mul", [single(gradients), scale]);
  const centred = graph.add("Sub", [x, meanOf(graph, x)]);
  const variance = meanOf(graph, graph.add("Mul", [centred, centred]));
  const r = inverseRoot(graph, variance, floatAttribute(node, "epsilon", 1e-5));
  const normed = graph.add("Mul", [centred, r]);
  const along = meanOf(graph, graph.add("Mul", [scaled, normed]));
  const rest = graph.add("Sub", [scaled, meanOf(graph, scaled)]);
  return [graph.add("Mul", [r, graph.add("Sub", [rest, graph.add("Mul", [normed, along])])])];
};
