import type { GraphBuilder, Value } from "@revocab/onnx";
import type { AttentionDescription, RotaryDescription, TransformerDescription } from "../description.ts";

/** The names of a graph's inputs and outputs, as the graph has them and as a run feeds them. */
export const PORTS = {
  /** [3] the shape B, T, −1, to which rows are folded for attention */
  grid: "grid",
  /** [B · T] rows of the table of learned positions */
  positions: "positions",
  /** [B · T × columns] float: a state before the graph, and after it */
  state: (name: string) => name,
  nextState: (name: string) => `next.${name}`,
  /** [B · T × columns] float: the gradient by a state after the graph, and by that before it */
  gradient: (name: string) => `gradient.${name}`,
  nextGradient: (name: string) => `next.gradient.${name}`,
  /** [B · T × columns] float: a product with weights inside a part, by the value of the graph */
  product: (value: string) => `product.${value}`,
  /** A tensor of the model's files, by its place in the list of those that the graph takes. */
  weight: (index: number) => `weight.${index}`,
  /** [B × T × dimension / 2] float */
  cosine: (rotary: string) => `cosine.${rotary}`,
  sine: (rotary: string) => `sine.${rotary}`,
  /** [T × S] the row of the table of relative positions for each query and key */
  relative: "relative",
  /** [S × d_enc] the encoder's states, the same for all sequences */
  encoded: "encoded",
  /** [B × 1 × T × S] bool, true where a position may look; S = past + T */
  mask: ({ window, chunk }: Reach) =>
    chunk === undefined ? `mask.${window ?? "all"}` : `mask.chunk.${chunk}`,
  /** [B × keyValueHeads × past × headWidth] float; of values [… × valueWidth] */
  pastKey: (layer: number) => `past_key.${layer}`,
  pastValue: (layer: number) => `past_value.${layer}`,
  /** [B × keyValueHeads × S × headWidth] float; of values [… × valueWidth] */
  presentKey: (layer: number) => `present_key.${layer}`,
  presentValue: (layer: number) => `present_value.${layer}`,
} as const;

/** How far a position sees. */
export type Reach = Pick<AttentionDescription, "window" | "chunk">;

/** What attention takes from outside besides states, added to the graph when it is first used. */
export interface BodyInputs {
  readonly grid: () => Value;
  readonly positions: () => Value;
  readonly relative: () => Value;
  encoded(columns: number): Value;
  rotary(name: string): RotaryDescription & { readonly cosine: Value; readonly sine: Value };
  /** Undefined where plain causality says it all. */
  mask(reach: Reach): Value | undefined;
  requiredMask(reach: Reach): Value;
  /** Keys and values of earlier positions; undefined when the graph keeps none. */
  past(layer: number, shape: AttentionDescription): readonly [Value, Value] | undefined;
  present(layer: number, shape: AttentionDescription, key: Value, value: Value): void;
}

export function bodyInputs(
  graph: GraphBuilder,
  { kind, rotary }: Pick<TransformerDescription, "kind" | "rotary">,
  cache: boolean,
): BodyInputs {
  const requiredMask = (reach: Reach) => graph.input(PORTS.mask(reach), "bool", ["B", 1, "T", "S"]);
  return {
    grid: () => graph.input(PORTS.grid, "int64", [3]),
    positions: () => graph.input(PORTS.positions, "int64", ["N"]),
    relative: () => graph.input(PORTS.relative, "int64", ["T", "S"]),
    encoded: (columns) => graph.input(PORTS.encoded, "float", ["E", columns]),
    rotary(name) {
      const description = rotary[name];
      if (description === undefined) throw new RangeError(`no rotary embedding is called ${name}`);
      const shape = ["B", "T", description.dimension / 2];
      return {
        ...description,
        cosine: graph.input(PORTS.cosine(name), "float", shape),
        sine: graph.input(PORTS.sine(name), "float", shape),
      };
    },
    requiredMask,
    mask(reach) {
      const seesAll = reach.window === undefined && reach.chunk === undefined;
      if (kind === "causal" && seesAll && !cache) return undefined;
      return requiredMask(reach);
    },
    past(layer, { keyValueHeads, headWidth, valueWidth = headWidth }) {
      if (!cache) return undefined;
      return [
        graph.input(PORTS.pastKey(layer), "float", ["B", keyValueHeads, "P", headWidth]),
        graph.input(PORTS.pastValue(layer), "float", ["B", keyValueHeads, "P", valueWidth]),
      ];
    },
    present(layer, { keyValueHeads, headWidth, valueWidth = headWidth }, key, value) {
      graph.output(PORTS.presentKey(layer), "float", ["B", keyValueHeads, "S", headWidth], key);
      graph.output(PORTS.presentValue(layer), "float", ["B", keyValueHeads, "S", valueWidth], value);
    },
  };
}

/** Any shape → [rows × width]. */
export function flatten(graph: GraphBuilder, value: Value, width: number): Value {
  return graph.add("Reshape", [value, graph.integers(-1, width)]);
}
