import { GraphBuilder, type Value } from "@revocab/onnx";
import {
  activate,
  feedForward,
  flatten,
  type LinearDescription,
  linear,
  norm,
  type Weights,
} from "@revocab/transformer-runtime/internal";
import type { NetworkConfig } from "./network-config.ts";

/** The names of the graph's inputs and outputs. B surface forms of T ids each; S positions, one more with a language. */
export const PORTS = {
  /** [M × n_in] rows of the source model */
  sources: "sources",
  /** [F] rows of the network's own table, which stand after the M source rows */
  extras: "extras",
  /** [B · T] which of the M + F rows an id is */
  ids: "ids",
  /** [3] B, T, −1 */
  forms: "forms",
  /** [3] B, S, −1 */
  grid: "grid",
  /** [3] B, 1, H */
  one: "one",
  /** [T] 0, 1, … */
  positions: "positions",
  /** [1] */
  language: "language",
  /** [B × 1 × S × S] bool, true where a position may attend */
  mask: "mask",
  /** [B × d] */
  input: "input",
  /** [B × d] */
  output: "output",
  /** [B × 1] */
  bias: "bias",
} as const;

/** Rows in the tables of positions, which may have more than a surface form needs. */
export interface TableRows {
  readonly positions: number;
  readonly tokenTypes: number;
}

/**
 * A ZeTT hypernetwork as one graph: surface forms and the source rows they name in, predicted rows out.
 *
 * The forms of a run have one length, so that no form is padded; only a network that reads all positions needs forms padded to L,
 * and a mask. The input projection of an id does not depend on its position, so it is computed once per id. The last layer is
 * computed for the first position alone, unless others are read.
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
    // The language gets no position and token type: the reference subtracts them from its row before its encoder adds them.
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

/** [M + F × H] the input projection of each id. */
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

/**
 * One layer of RoBERTa's encoder (post-norm, exact GELU), [B · S × H] → [B · S × H], or [B × H] for the first position
 * of each form alone: that is all the network reads of the last layer.
 */
function encoderLayer(
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

  const queried = onlyFirst
    ? flatten(graph, graph.add("Gather", [grid(input), graph.integers(0)], { axis: { int: 1 } }), width)
    : input;
  const query = project(queried, "self.query");
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
  const middle = normed(graph.add("Add", [attended, queried]), "attention.output.LayerNorm");
  const forwarded = feedForward(graph, weights, middle, {
    kind: "plain",
    up: linearOf(`${prefix}.intermediate.dense`, width, innerWidth),
    down: linearOf(`${prefix}.output.dense`, innerWidth, width),
    activation: "gelu",
  });
  return normed(graph.add("Add", [forwarded, middle]), "output.LayerNorm");
}

/** A Linear of torch under its prefix. */
function linearOf(prefix: string, inputs: number, outputs: number): LinearDescription {
  return { weight: `${prefix}.weight`, bias: `${prefix}.bias`, inputs, outputs };
}
