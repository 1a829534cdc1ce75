import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** The rotation back: the same with the sines negated. */
export const rotaryEmbedding: GradientRule = ({ inputs, attributes }, gradients, { graph }) => {
  const [, cosine, sine, ...positions] = inputs as Value[];
  const back = graph.add("Neg", [sine as Value]);
  return [graph.add("RotaryEmbedding", [single(gradients), cosine as Value, back, ...positions], attributes)];
};
