import { GraphBuilder, type Value } from "@revocab/onnx";
import { activate, flatten, linear, norm, type Weights } from "@revocab/transformer-runtime";
import { encoderLayer } from "./encoder-layer.ts";
import { linearOf } from "./linear-of.ts";
import type { NetworkConfig } from "./network-config.ts";
import { PORTS } from "./ports.ts";

/** Rows in the tables of positions, which may have more than a surface form needs. */
export interface TableRows {
  readonly positions: number;
  readonly tokenTypes: number;
}

/**
 * A ZeTT hypernetwork as one graph: surface forms and the source rows they name in, predicted rows out.
 *
 * Forms of a run have one length, so that nothing is padded; only a network that reads all positions needs forms padded
 * to L, and a mask. What the first layers make of an id does not depend on its place, so it is computed once per id; and
 * the last layer is computed for the first position alone, where no other is read.
 * @see https://arxiv.org/abs/2405.07883
 */
export function buildNetwork(config: NetworkConfig, weights: Weights, rows: TableRows): GraphBuilder {
  const graph = new GraphBuilder();
  const { width, layers, readsAllPositions } = config;
  const mask = readsAllPositions ? graph.input(PORTS.mask, "bool", ["B", 1, "S", "S"]) : undefined;
  let hidden = flatten(graph, embed(graph, weights, config, rows), width);
  for (let i = 0; i < layers; i++) {
    const onlyFirst = i === layers - 1 && !readsAllPositions;
    hidden = encoderLayer(graph, weights, hidden, config, i, { onlyFirst, mask });
  }
  const places = readsAllPositions ? positionsOf(config) : 1;
  addOutputs(graph, weights, config, flatten(graph, hidden, places * width), places * width);
  return graph;
}

/** S of a form of full length. */
export function positionsOf({ formLength, languages }: NetworkConfig): number {
  return formLength + (languages === undefined ? 0 : 1);
}

/** [B × S × H] what enters the encoder. */
function embed(graph: GraphBuilder, weights: Weights, config: NetworkConfig, rows: TableRows): Value {
  const { width, languages } = config;
  const table = (name: string, count: number) =>
    weights.use(graph, `model.embeddings.${name}`, [count, width]);
  const ids = graph.input(PORTS.ids, "int64", ["N"]);
  const spelled = graph.add("Gather", [projectRows(graph, weights, config), ids]);
  const grid = graph.add("Reshape", [spelled, graph.input(PORTS.forms, "int64", [3])]);
  const positions = graph.add("Gather", [
    table("position_embeddings.weight", rows.positions),
    graph.input(PORTS.positions, "int64", ["T"]),
  ]);
  const tokenType = graph.add("Gather", [
    table("token_type_embeddings.weight", rows.tokenTypes),
    graph.integers(0),
  ]);
  let embedded = graph.add("Add", [grid, graph.add("Add", [positions, tokenType])]);
  if (languages !== undefined) {
    // The reference takes position and token type from the language's row, since its encoder adds them to every row.
    const row = graph.add("Gather", [
      weights.use(graph, "lang_embeddings.weight", [languages.count, width]),
      graph.input(PORTS.language, "int64", [1]),
    ]);
    const expanded = graph.add("Expand", [row, graph.input(PORTS.one, "int64", [3])]);
    embedded = graph.add("Concat", [embedded, expanded], { axis: { int: 1 } });
  }
  return norm(graph, weights, embedded, {
    kind: "layer",
    width,
    epsilon: 1e-5,
    weight: "model.embeddings.LayerNorm.weight",
    bias: "model.embeddings.LayerNorm.bias",
  });
}

/** [M + F × H] what the network makes of each id, wherever it stands. */
function projectRows(
  graph: GraphBuilder,
  weights: Weights,
  { sourceWidth, width, innerWidth, isRescaled, extraRows }: NetworkConfig,
): Value {
  let sources = graph.input(PORTS.sources, "float", ["M", sourceWidth]);
  if (isRescaled) sources = rescale(graph, weights, sources, "in_scaler", sourceWidth);
  // the reference stores one row even where there are no extra ids
  const own = weights.use(graph, "fallback_embeddings.weight", [Math.max(extraRows, 1), sourceWidth]);
  const extras = graph.add("Gather", [own, graph.input(PORTS.extras, "int64", ["F"])]);
  const all = graph.add("Concat", [sources, extras], { axis: { int: 0 } });
  const projected = linear(graph, weights, all, linearOf("input_projection.0", sourceWidth, width));
  return projectorBlock(graph, weights, projected, "input_projection.1", width, innerWidth);
}

function addOutputs(
  graph: GraphBuilder,
  weights: Weights,
  { rowWidth, sourceWidth, innerWidth, isRescaled, hasHeadRows, hasSingleHead, hasBias }: NetworkConfig,
  hidden: Value,
  width: number,
): void {
  const stack = (prefix: string, outputs: number) => {
    const block = projectorBlock(graph, weights, hidden, `${prefix}.0`, width, innerWidth);
    return linear(graph, weights, block, linearOf(`${prefix}.1`, width, outputs));
  };
  const rescaled = (value: Value, name: string) =>
    isRescaled ? rescale(graph, weights, value, name, rowWidth) : value;
  let input: Value;
  let output: Value | undefined;
  if (hasSingleHead) {
    const both = stack("output_projection", sourceWidth);
    const parts = hasHeadRows
      ? graph.addMany("Split", [both, graph.integers(rowWidth, rowWidth)], { axis: { int: 1 } }, 2)
      : [both];
    [input, output] = parts as [Value, Value?];
  } else {
    input = stack("output_projection", rowWidth);
    output = hasHeadRows ? stack("output_projection_out", rowWidth) : undefined;
  }
  graph.output(PORTS.input, "float", ["B", rowWidth], rescaled(input, "scaler"));
  if (output !== undefined) {
    graph.output(PORTS.output, "float", ["B", rowWidth], rescaled(output, "out_scaler"));
  }
  if (hasBias) {
    graph.output(
      PORTS.bias,
      "float",
      ["B", 1],
      linear(graph, weights, hidden, linearOf("bias_projection", width, 1)),
    );
  }
}

/** LayerNorm(gelu(dense2(gelu(dense1 x))) + x) */
function projectorBlock(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  prefix: string,
  width: number,
  innerWidth: number,
): Value {
  const dense1 = linear(graph, weights, input, linearOf(`${prefix}.dense1`, width, innerWidth));
  const inner = activate(graph, dense1, "gelu-tanh");
  const dense2 = linear(graph, weights, inner, linearOf(`${prefix}.dense2`, innerWidth, width));
  const outer = activate(graph, dense2, "gelu-tanh");
  return norm(graph, weights, graph.add("Add", [outer, input]), {
    kind: "layer",
    width,
    epsilon: 1e-6,
    weight: `${prefix}.ln.weight`,
    bias: `${prefix}.ln.bias`,
  });
}

function rescale(graph: GraphBuilder, weights: Weights, rows: Value, name: string, width: number): Value {
  const scaled = graph.add("Mul", [rows, weights.use(graph, `${name}.w`, [1, width])]);
  return graph.add("Add", [scaled, weights.use(graph, `${name}.b`, [1, width])]);
}
