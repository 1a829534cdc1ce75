import type { Value } from "../../graph.ts";
import { placeOf } from "../../infer-shapes.ts";
import type { GradientRule } from "../rule.ts";
import { single } from "./shared.ts";

/** What was cut away gets zeros. Starts, ends, axes are constants, in steps of 1. */
export const slice: GradientRule = ({ inputs }, gradients, { graph, shapeOf, integersOf }) => {
  const gradient = single(gradients);
  const data = inputs[0] as string;
  const shape = shapeOf(data);
  const starts = integersOf(inputs[1] as string);
  const axes = inputs[3] ? integersOf(inputs[3]) : starts.map((_, i) => i);
  const steps = inputs[4] ? integersOf(inputs[4]) : [];
  if (starts.some((start) => start < 0) || steps.some((step) => step !== 1)) {
    throw new RangeError("a slice from the end, or in steps, has no gradient here");
  }
  const places = axes.map((axis) => placeOf(axis, shape));
  const before = shape.map((_, i) => starts[places.indexOf(i)] ?? 0);
  const whole = graph.add("Shape", [data as Value]);
  const kept = graph.add("Add", [graph.integers(...before), graph.add("Shape", [gradient])]);
  const pads = graph.add("Concat", [graph.integers(...before), graph.add("Sub", [whole, kept])], {
    axis: { int: 0 },
  });
  return [graph.add("Pad", [gradient, pads])];
};
