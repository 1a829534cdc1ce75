import { ELEMENT } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** Back to f32: all gradients are in it. */
export const cast: GradientRule = (node, gradients, { graph, isHalf }) => {
  const gradient = single(gradients);
  const type = isHalf(node.inputs[0] as string) ? ELEMENT.float16 : ELEMENT.float;
  return [graph.add("Cast", [gradient], { to: { int: type } })];
};
