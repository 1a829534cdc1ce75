import type { Value } from "../../graph.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** Nothing passes where the input was beyond a limit. */
export const clip: GradientRule = ({ inputs }, gradients, { graph }) => {
  const [value, least, most] = inputs as [Value, Value | "" | undefined, Value | "" | undefined];
  const limits = [
    ...(least ? [graph.add("GreaterOrEqual", [value, least])] : []),
    ...(most ? [graph.add("LessOrEqual", [value, most])] : []),
  ];
  const gradient = limits.reduce(
    (passed, isWithin) => graph.add("Where", [isWithin, passed, graph.number(0)]),
    single(gradients),
  );
  return [gradient];
};
