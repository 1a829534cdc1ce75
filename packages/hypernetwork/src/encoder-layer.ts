import type { GraphBuilder, Value } from "@revocab/onnx";
import { feedForward, flatten, linear, norm, type Weights } from "@revocab/transformer-runtime";
import { linearOf } from "./linear-of.ts";
import type { NetworkConfig } from "./network-config.ts";
import { PORTS } from "./ports.ts";

/**
 * One layer of RoBERTa's encoder (post-norm, exact GELU), [B · S × H] → [B · S × H], or [B × H] for the first position
 * of each form alone: that is all the network reads of the last layer.
 */
export function encoderLayer(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  { width, innerWidth, heads }: NetworkConfig,
  layer: number,
  { onlyFirst, mask }: { readonly onlyFirst: boolean; readonly mask: Value | undefined },
): Value {
  const prefix = `model.encoder.layer.${layer}`;
  const grid = (rows: Value) => graph.add("Reshape", [rows, graph.input(PORTS.grid, "int64", [3])]);
  const project = (rows: Value, name: string) =>
    linear(graph, weights, rows, linearOf(`${prefix}.attention.${name}`, width, width));
  const normed = (rows: Value, name: string) =>
    norm(graph, weights, rows, {
      kind: "layer",
      width,
      epsilon: 1e-5,
      weight: `${prefix}.${name}.weight`,
      bias: `${prefix}.${name}.bias`,
    });

  const asked = onlyFirst
    ? flatten(graph, graph.add("Gather", [grid(input), graph.integers(0)], { axis: { int: 1 } }), width)
    : input;
  const query = project(asked, "self.query");
  const mixed = graph.add(
    "Attention",
    [
      onlyFirst ? graph.add("Reshape", [query, graph.integers(-1, 1, width)]) : grid(query),
      grid(project(input, "self.key")),
      grid(project(input, "self.value")),
      ...(mask === undefined ? [] : [mask]),
    ],
    {
      q_num_heads: { int: heads },
      kv_num_heads: { int: heads },
      scale: { float: 1 / Math.sqrt(width / heads) },
    },
  );
  const attended = project(flatten(graph, mixed, width), "output.dense");
  const middle = normed(graph.add("Add", [attended, asked]), "attention.output.LayerNorm");
  const forwarded = feedForward(graph, weights, middle, {
    kind: "plain",
    up: linearOf(`${prefix}.intermediate.dense`, width, innerWidth),
    down: linearOf(`${prefix}.output.dense`, innerWidth, width),
    activation: "gelu",
  });
  return normed(graph.add("Add", [forwarded, middle]), "output.LayerNorm");
}
