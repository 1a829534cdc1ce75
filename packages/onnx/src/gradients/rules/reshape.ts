import type { GradientRule } from "../rule.ts";
import { reshapeLike, single } from "./shared.ts";

/** Also for operators that only add or drop dimensions of size 1. */
export const reshape: GradientRule = ({ inputs }, gradients, context) => [
  reshapeLike(context, single(gradients), inputs[0] as string),
];
