import type { GradientRule } from "../rule.ts";
import { single, sumRepeated } from "./shared.ts";

/** Dimensions of size 1 that were repeated. */
export const tile: GradientRule = ({ inputs, outputs }, gradients, { graph, shapeOf }) => [
  sumRepeated(graph, single(gradients), shapeOf(inputs[0] as string), shapeOf(outputs[0] as string)),
];
