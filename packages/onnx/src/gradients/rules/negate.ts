import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

export const negate: GradientRule = (_, gradients, { graph }) => [graph.add("Neg", [single(gradients)])];
