import { ELEMENT, type GraphBuilder, type Value } from "@revocab/onnx";
import type {
  AlibiDescription,
  AttentionDescription,
  LatentProjection,
  ProjectionDescription,
  TemperatureDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { linear, norm } from "./layers.ts";
import { type BodyInputs, flatten } from "./ports.ts";
import { biasByDistance, relativeScores } from "./relative.ts";

/** Self-attention, [N × d] → [N × d] with N = B · T rows of B sequences. */
export function attention(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: AttentionDescription,
  inputs: BodyInputs,
  layer: number,
): Value {
  const { heads, keyValueHeads, headWidth, valueWidth = headWidth, scale, softCap, sinks } = description;
  const [rawQuery, rawKey, rawValue] = project(graph, weights, input, description);
  const query = prepare(graph, weights, rawQuery, description, inputs, "query");
  const key = prepare(graph, weights, rawKey, description, inputs, "key");
  const value = graph.add("Reshape", [clamped(graph, rawValue, description), inputs.grid()]);
  const mask = visibility(graph, weights, query, key, description, inputs);
  const past = inputs.past(layer, description);
  const before = sinks === undefined ? past : emptyPosition(graph, description, inputs, past);
  const [mixed, presentKey, presentValue] = graph.addMany(
    "Attention",
    [query, key, value, mask ?? "", ...(before ?? [])],
    {
      q_num_heads: { int: heads },
      kv_num_heads: { int: keyValueHeads },
      scale: { float: scale },
      ...(mask === undefined && { is_causal: { int: 1 } }),
      ...(softCap !== undefined && { softcap: { float: softCap } }),
    },
    before === undefined ? 1 : 3,
  );
  if (past !== undefined) {
    const kept = (all: Value) => (sinks === undefined ? all : withoutFirst(graph, all));
    inputs.present(layer, description, kept(presentKey as Value), kept(presentValue as Value));
  }
  return linear(graph, weights, flatten(graph, mixed as Value, heads * valueWidth), description.output);
}

/** Arrays of [T × S] numbers in f32 that attention holds at once: the scores of each head, and biases where heads differ in them. */
export function scoreArrays({ heads, alibi, relative, distanceBias, sinks }: AttentionDescription): number {
  if (distanceBias !== undefined) return 4 * heads; // scores, and biases as they are gathered, transposed and masked
  if (relative !== undefined) return 6 * heads; // two kinds of scores, and rows of the table as int64
  return alibi === undefined && sinks === undefined ? heads : 2 * heads;
}

/** Queries [N × heads · headWidth], keys [N × keyValueHeads · headWidth] and values [N × keyValueHeads · valueWidth]. */
function project(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  description: AttentionDescription,
): readonly [Value, Value, Value] {
  const { projection } = description;
  switch (projection.kind) {
    case "separate":
      return [
        linear(graph, weights, input, projection.query),
        linear(graph, weights, input, projection.key),
        linear(graph, weights, input, projection.value),
      ];
    case "fused":
      return projectFused(graph, weights, input, projection, description);
    case "latent":
      return projectLatent(graph, weights, input, projection, description);
  }
}

function clamped(graph: GraphBuilder, rows: Value, { clamp }: AttentionDescription): Value {
  return clamp === undefined ? rows : graph.add("Clip", [rows, graph.number(-clamp), graph.number(clamp)]);
}

function projectFused(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { linear: all, order, queryBias, valueBias }: Extract<ProjectionDescription, { kind: "fused" }>,
  description: AttentionDescription,
): readonly [Value, Value, Value] {
  const { heads, keyValueHeads, headWidth } = description;
  const [query, key, value] = split(graph, linear(graph, weights, input, all), order, description);
  const biased = (rows: Value, bias: string | undefined, columns: number) =>
    bias === undefined ? rows : graph.add("Add", [rows, weights.use(graph, bias, [columns])]);
  return [
    biased(query, queryBias, heads * headWidth),
    key,
    biased(value, valueBias, keyValueHeads * headWidth),
  ];
}

function split(
  graph: GraphBuilder,
  all: Value,
  order: "blocks" | "per-key",
  { heads, keyValueHeads, headWidth }: AttentionDescription,
): readonly [Value, Value, Value] {
  if (order === "blocks") {
    const sizes = graph.integers(heads * headWidth, keyValueHeads * headWidth, keyValueHeads * headWidth);
    return graph.addMany("Split", [all, sizes], { axis: { int: 1 } }, 3) as [Value, Value, Value];
  }
  const queries = (heads / keyValueHeads) * headWidth;
  const perKey = graph.add("Reshape", [all, graph.integers(-1, keyValueHeads, queries + 2 * headWidth)]);
  const [query, key, value] = splitHeads(graph, perKey, [queries, headWidth, headWidth]);
  return [
    flatten(graph, query as Value, heads * headWidth),
    flatten(graph, key as Value, keyValueHeads * headWidth),
    flatten(graph, value as Value, keyValueHeads * headWidth),
  ];
}

/** Of each head the columns that turn come first, so that a rotary embedding finds them. */
function projectLatent(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  { query, down, norm: latentNorm, up, turning }: LatentProjection,
  { heads, headWidth, valueWidth = headWidth }: AttentionDescription,
): readonly [Value, Value, Value] {
  const still = headWidth - turning;
  const perHead = (rows: Value, width: number) =>
    graph.add("Reshape", [rows, graph.integers(-1, heads, width)]);
  const joined = (turn: Value, rest: Value) =>
    flatten(graph, graph.add("Concat", [turn, rest], { axis: { int: 2 } }), heads * headWidth);

  const queries = perHead(queryRows(graph, weights, input, query), headWidth);
  const [queryRest, queryTurn] = splitHeads(graph, queries, [still, turning]);
  const [latent, keyTurn] = graph.addMany(
    "Split",
    [linear(graph, weights, input, down), graph.integers(down.outputs - turning, turning)],
    { axis: { int: 1 } },
    2,
  );
  const expanded = linear(graph, weights, norm(graph, weights, latent as Value, latentNorm), up);
  const [keyRest, value] = splitHeads(graph, perHead(expanded, still + valueWidth), [still, valueWidth]);
  const shared = graph.add("Reshape", [keyTurn as Value, graph.integers(-1, 1, turning)]);
  return [
    joined(queryTurn as Value, queryRest as Value),
    joined(graph.add("Tile", [shared, graph.integers(1, heads, 1)]), keyRest as Value),
    flatten(graph, value as Value, heads * valueWidth),
  ];
}

function queryRows(
  graph: GraphBuilder,
  weights: GraphWeights,
  input: Value,
  query: LatentProjection["query"],
): Value {
  if ("weight" in query) return linear(graph, weights, input, query);
  const latent = norm(graph, weights, linear(graph, weights, input, query.down), query.norm);
  return linear(graph, weights, latent, query.up);
}

/** [N × heads × Σ sizes] → [N × heads × size] each */
function splitHeads(graph: GraphBuilder, heads: Value, sizes: readonly number[]): Value[] {
  return graph.addMany("Split", [heads, graph.integers(...sizes)], { axis: { int: 2 } }, sizes.length);
}

/** Normalises and turns queries or keys, [N × count · headWidth] → [B × T × count · headWidth]. */
function prepare(
  graph: GraphBuilder,
  weights: GraphWeights,
  rows: Value,
  description: AttentionDescription,
  inputs: BodyInputs,
  which: "query" | "key",
): Value {
  const { heads, keyValueHeads, headWidth, queryKeyNorm, rotary, temperature } = description;
  const count = which === "query" ? heads : keyValueHeads;
  const normed = (values: Value) => normRows(graph, weights, values, count * headWidth, queryKeyNorm, which);
  const isLate = queryKeyNorm?.turned ?? false;
  const begun = clamped(graph, isLate ? rows : normed(rows), description);
  const grid = graph.add("Reshape", [begun, inputs.grid()]);
  const turned = rotary === undefined ? grid : turn(graph, grid, count, headWidth, rotary, inputs);
  const ready = isLate
    ? graph.add("Reshape", [normed(flatten(graph, turned, count * headWidth)), inputs.grid()])
    : turned;
  if (which === "key" || temperature === undefined) return ready;
  return graph.add("Mul", [ready, sharpness(graph, temperature, inputs.requiredMask(description))]);
}

/** [T × 1] */
function sharpness(graph: GraphBuilder, { every, factor }: TemperatureDescription, mask: Value): Value {
  const [queries, keys] = [sizeOf(graph, mask, 2), sizeOf(graph, mask, 3)];
  const numbers = range(graph, graph.add("Sub", [keys, queries]), keys);
  const counted = graph.add("Div", [graph.add("Add", [numbers, graph.number(1)]), graph.number(every)]);
  const steps = graph.add("Add", [graph.add("Floor", [counted]), graph.number(1)]);
  const growth = graph.add("Mul", [graph.add("Log", [steps]), graph.number(factor)]);
  return graph.add("Unsqueeze", [graph.add("Add", [growth, graph.number(1)]), graph.integers(1)]);
}

/** The size of a dimension, as a number. */
function sizeOf(graph: GraphBuilder, value: Value, dimension: number): Value {
  const shape = graph.add("Shape", [value], { start: { int: dimension }, end: { int: dimension + 1 } });
  return graph.add("Squeeze", [shape, graph.integers(0)]);
}

/** [end − start] the numbers start, start + 1, … as floats */
function range(graph: GraphBuilder, start: Value, end: Value): Value {
  const numbers = graph.add("Range", [start, end, graph.integer(1)]);
  return graph.add("Cast", [numbers], { to: { int: ELEMENT.float } });
}

function turn(
  graph: GraphBuilder,
  grid: Value,
  count: number,
  headWidth: number,
  rotary: string,
  inputs: BodyInputs,
): Value {
  const { cosine, sine, dimension, pairs = "halves" } = inputs.rotary(rotary);
  return graph.add("RotaryEmbedding", [grid, cosine, sine], {
    num_heads: { int: count },
    rotary_embedding_dim: { int: dimension === headWidth ? 0 : dimension },
    ...(pairs === "neighbors" && { interleaved: { int: 1 } }),
  });
}

function normRows(
  graph: GraphBuilder,
  weights: GraphWeights,
  rows: Value,
  width: number,
  description: AttentionDescription["queryKeyNorm"],
  which: "query" | "key",
): Value {
  if (description === undefined) return rows;
  const { over } = description;
  const normed = description[which];
  if (over === "all-heads") return norm(graph, weights, rows, normed);
  const perHead = flatten(graph, rows, normed.width);
  return flatten(graph, norm(graph, weights, perHead, normed), width);
}

/**
 * Which positions see which: [B × 1 × T × S] true or false; undefined where plain causality says it all; where heads differ, numbers
 * that are added to the scores, [B × heads × T × S], or [B × heads × T × 1 + S] with a position before all others.
 */
function visibility(
  graph: GraphBuilder,
  weights: GraphWeights,
  query: Value,
  key: Value,
  description: AttentionDescription,
  inputs: BodyInputs,
): Value | undefined {
  const { heads, alibi, relative, distanceBias, sinks } = description;
  const distances = distanceBias
    ? biasByDistance(graph, weights, heads, distanceBias, inputs)
    : relative && relativeScores(graph, weights, query, key, description, relative, inputs);
  if (distances !== undefined) {
    const far = graph.number(Number.NEGATIVE_INFINITY);
    return graph.add("Where", [inputs.requiredMask(description), distances, far]);
  }
  if (alibi === undefined && sinks === undefined) return inputs.mask(description);
  const mask = inputs.requiredMask(description);
  const scores = slopingScores(graph, alibi ?? { slopes: Array<number>(heads).fill(0) }, mask);
  const hidden = graph.number(Number.NEGATIVE_INFINITY);
  if (sinks === undefined) return graph.add("Where", [mask, scores, hidden]);
  const first = graph.add("Slice", [mask, graph.integers(0), graph.integers(1), graph.integers(3)]);
  const seen = graph.add("Or", [first, graph.add("Not", [first])]);
  const ofSink = graph.add("Reshape", [weights.use(graph, sinks, [heads]), graph.integers(heads, 1, 1)]);
  return graph.add("Where", [
    graph.add("Concat", [seen, mask], { axis: { int: 3 } }),
    graph.add("Concat", [ofSink, scores], { axis: { int: 2 } }),
    hidden,
  ]);
}

/** [heads × 1 × S]: slope · position of the key. What is the same for all keys of a query changes nothing. */
function slopingScores(
  graph: GraphBuilder,
  { slopes, factor, rounded = false }: AlibiDescription,
  mask: Value,
): Value {
  const positions = range(graph, graph.integer(0), sizeOf(graph, mask, 3));
  const round = (numbers: Value) => (rounded ? throughBf16(graph, numbers) : numbers);
  const perHead = round(graph.numbers(slopes, [slopes.length, 1, 1]));
  const scores = round(graph.add("Mul", [perHead, positions]));
  return factor === undefined ? scores : graph.add("Mul", [scores, graph.number(factor)]);
}

function throughBf16(graph: GraphBuilder, numbers: Value): Value {
  const narrow = graph.add("Cast", [numbers], { to: { int: ELEMENT.bfloat16 } });
  return graph.add("Cast", [narrow], { to: { int: ELEMENT.float } });
}

/** Keys and values with a position of zeros before all others, which gets the learned scores. */
function emptyPosition(
  graph: GraphBuilder,
  { keyValueHeads, headWidth, valueWidth = headWidth }: AttentionDescription,
  inputs: BodyInputs,
  past: readonly [Value, Value] | undefined,
): readonly [Value, Value] {
  const batch = graph.add("Slice", [inputs.grid(), graph.integers(0), graph.integers(1)]);
  const zeros = (width: number) =>
    graph.add("Expand", [
      graph.number(0),
      graph.add("Concat", [batch, graph.integers(keyValueHeads, 1, width)], { axis: { int: 0 } }),
    ]);
  const empty = [zeros(headWidth), zeros(valueWidth)] as const;
  if (past === undefined) return empty;
  const [key, value] = past.map((rows, i) =>
    graph.add("Concat", [empty[i] as Value, rows], { axis: { int: 2 } }),
  );
  return [key as Value, value as Value];
}

/** [B × heads × 1 + S × width] → [B × heads × S × width] */
function withoutFirst(graph: GraphBuilder, rows: Value): Value {
  return graph.add("Slice", [rows, graph.integers(1), graph.integers(2 ** 31), graph.integers(2)]);
}
