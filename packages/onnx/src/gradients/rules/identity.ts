import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** Also for what only names a value. */
export const identity: GradientRule = (_, gradients) => [single(gradients)];
