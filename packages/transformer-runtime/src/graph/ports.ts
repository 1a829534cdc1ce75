import type { GraphBuilder, Value } from "@revocab/onnx";
import type { TransformerDescription } from "../description.ts";

/** The names of a graph's inputs and outputs, as the graph has them and as a run feeds them. */
export const PORTS = {
  /** [3] the shape B, T, −1, to which rows are folded for attention */
  grid: "grid",
  /** [B · T] rows of the table of learned positions */
  positions: "positions",
  /** [B · T × columns] float: a state before the graph, and after it */
  state: (name: string) => name,
  nextState: (name: string) => `next.${name}`,
  /** A tensor of the model's files, by its place in the list of those that the graph takes. */
  weight: (index: number) => `weight.${index}`,
  /** [B × T × dimension / 2] float */
  cosine: (rotary: string) => `cosine.${rotary}`,
  sine: (rotary: string) => `sine.${rotary}`,
  /** [B × 1 × T × S] bool, true where a position may look; S = past + T */
  mask: (window: number | undefined) => `mask.${window ?? "all"}`,
  /** [B × keyValueHeads × past × headWidth] float */
  pastKey: (layer: number) => `past_key.${layer}`,
  pastValue: (layer: number) => `past_value.${layer}`,
  /** [B × keyValueHeads × S × headWidth] float */
  presentKey: (layer: number) => `present_key.${layer}`,
  presentValue: (layer: number) => `present_value.${layer}`,
} as const;

/** What attention takes from outside besides states, added to the graph when it is first used. */
export interface BodyInputs {
  readonly grid: () => Value;
  readonly positions: () => Value;
  rotary(name: string): { cosine: Value; sine: Value; dimension: number };
  /** Undefined where plain causality says it all. */
  mask(window: number | undefined): Value | undefined;
  /** Keys and values of earlier positions; undefined when the graph keeps none. */
  past(layer: number, heads: number, width: number): readonly [Value, Value] | undefined;
  present(layer: number, key: Value, value: Value): void;
}

export function bodyInputs(
  graph: GraphBuilder,
  { kind, rotary }: Pick<TransformerDescription, "kind" | "rotary">,
  cache: boolean,
): BodyInputs {
  const shapes = new Map<number, readonly [number, number]>();
  return {
    grid: () => graph.input(PORTS.grid, "int64", [3]),
    positions: () => graph.input(PORTS.positions, "int64", ["N"]),
    rotary(name) {
      const description = rotary[name];
      if (description === undefined) throw new RangeError(`no rotary embedding is called ${name}`);
      const shape = ["B", "T", description.dimension / 2];
      return {
        cosine: graph.input(PORTS.cosine(name), "float", shape),
        sine: graph.input(PORTS.sine(name), "float", shape),
        dimension: description.dimension,
      };
    },
    mask(window) {
      if (kind === "causal" && window === undefined && !cache) return undefined;
      return graph.input(PORTS.mask(window), "bool", ["B", 1, "T", "S"]);
    },
    past(layer, heads, width) {
      if (!cache) return undefined;
      shapes.set(layer, [heads, width]);
      const shape = ["B", heads, "P", width];
      return [
        graph.input(PORTS.pastKey(layer), "float", shape),
        graph.input(PORTS.pastValue(layer), "float", shape),
      ];
    },
    present(layer, key, value) {
      const [heads, width] = shapes.get(layer) as readonly [number, number];
      graph.output(PORTS.presentKey(layer), "float", ["B", heads, "S", width], key);
      graph.output(PORTS.presentValue(layer), "float", ["B", heads, "S", width], value);
    },
  };
}

/** Any shape → [rows × width]. */
export function flatten(graph: GraphBuilder, value: Value, width: number): Value {
  return graph.add("Reshape", [value, graph.integers(-1, width)]);
}
