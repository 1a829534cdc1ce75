import type { GraphBuilder, GraphNode, Value } from "./graph.ts";
import { floatAttribute, integerAttribute, type Shape } from "./infer-shapes.ts";

/** How the queries of attention are taken: some at a time, so that their scores stay in the caches, and of causal ones the half that is not seen is left out. */
export interface QueryBlocks {
  /** Queries of a block; the last takes all that are left. */
  readonly queries: number;
  /** None may be empty. */
  readonly count: number;
}

/** All queries at once. */
export const ONE_BLOCK: QueryBlocks = { queries: 1, count: 1 };

/** What is known of the mask of an attention before it runs. */
export interface KnownMask {
  readonly shape: Shape;
  readonly isOfTruths: boolean;
}

/** Attention in products and a softmax: [B × groups × heads / groups × rows × width], with a group of heads for each of the keys' heads. */
export interface SpelledAttention {
  readonly groups: number;
  /** Heads of a group. */
  readonly shared: number;
  readonly scale: number;
  readonly softCap: number;
  /** [B × groups × heads / groups × T × width] the queries times the scale */
  readonly queries: Value;
  /** [B × groups × 1 × S × width] with those that went before */
  readonly keys: Value;
  /** [B × groups × 1 × width × S] */
  readonly turnedKeys: Value;
  /** [B × groups × 1 × S × width] with those that went before */
  readonly values: Value;
  readonly blocks: readonly AttentionBlock[];
}

/** Some queries and the keys that they see. */
export interface AttentionBlock {
  /** Their part of what has a row for each query: of dimension `axis` of a value. */
  queriesOf(value: Value, axis: number): Value;
  /** The part of what has a row for each key. */
  keysOf(value: Value, axis: number): Value;
  /** Keys that the block does not see are after this many; undefined where it sees all. */
  readonly end: number | undefined;
  /** tanh (s / c) of the scores s, where they have a soft cap c */
  readonly capped: Value | undefined;
  /** [B × groups × heads / groups × block × seen] what each key counts */
  readonly shares: Value;
}

/**
 * @param node Attention with its numbers of heads and its scale
 * @throws RangeError for an attention without them, or a causal one with keys that went before
 */
export function spelled(
  graph: GraphBuilder,
  node: GraphNode,
  mask: KnownMask | undefined,
  { queries: size, count }: QueryBlocks,
): SpelledAttention {
  const [query, key, value] = node.inputs as [Value, Value, Value];
  const [pastKey, pastValue] = node.inputs.slice(4) as (Value | undefined)[];
  const heads = integerAttribute(node, "q_num_heads", 0);
  const groups = integerAttribute(node, "kv_num_heads", 0);
  const scale = floatAttribute(node, "scale", Number.NaN);
  const softCap = floatAttribute(node, "softcap", 0);
  const isCausal = integerAttribute(node, "is_causal", 0) !== 0;
  if (heads === 0 || groups === 0)
    throw new RangeError("attention without numbers of heads is not spelled out");
  if (Number.isNaN(scale)) throw new RangeError("attention without a scale is not spelled out");
  if (isCausal && (mask !== undefined || pastKey !== undefined)) {
    throw new RangeError("causal attention with a mask, or with keys that went before, is not spelled out");
  }
  const shared = heads / groups;
  const queries = ofQueries(graph, graph.add("Mul", [query, graph.number(scale)]), groups, shared);
  const keys = ofKeys(graph, key, groups, pastKey);
  const values = ofKeys(graph, value, groups, pastValue);
  const turnedKeys = exchanged(graph, keys);
  const blocks = Array.from({ length: count }, (_, i): AttentionBlock => {
    const start = i * size;
    const isLast = i === count - 1;
    const stop = isLast ? REST : start + size;
    const end = isCausal && !isLast ? stop : undefined;
    const part = (whole: Value, axis: number, from: number, to: number) =>
      from === 0 && to === REST
        ? whole
        : graph.add("Slice", [whole, graph.integers(from), graph.integers(to), graph.integers(axis)]);
    const queriesOf = (whole: Value, axis: number) => part(whole, axis, start, stop);
    const keysOf = (whole: Value, axis: number) => part(whole, axis, 0, end ?? REST);
    const products = graph.add("MatMul", [queriesOf(queries, 3), keysOf(turnedKeys, 4)]);
    const capped =
      softCap === 0 ? undefined : graph.add("Tanh", [graph.add("Div", [products, graph.number(softCap)])]);
    const scores = capped === undefined ? products : graph.add("Mul", [capped, graph.number(softCap)]);
    const seen = isCausal
      ? graph.add("Add", [scores, causalAddend(graph, scores, start)])
      : masked(graph, scores, node.inputs[3] as Value, mask, [groups, shared], queriesOf);
    const shares = graph.add("Softmax", [seen], { axis: { int: -1 } });
    return { queriesOf, keysOf, end, capped, shares };
  });
  return { groups, shared, scale, softCap, queries, keys, turnedKeys, values, blocks };
}

/** Beyond the end of any dimension. */
const REST = 2 ** 31;

/** [B × T × heads · width] → [B × groups × heads / groups × T × width] */
export function ofQueries(graph: GraphBuilder, rows: Value, groups: number, shared: number): Value {
  const split = graph.add("Reshape", [rows, graph.integers(0, 0, groups, shared, -1)]);
  return graph.add("Transpose", [split], { perm: { ints: [0, 2, 3, 1, 4] } });
}

/** [B × S × groups · width] → [B × groups × 1 × past + S × width] */
function ofKeys(graph: GraphBuilder, rows: Value, groups: number, past: Value | undefined): Value {
  const split = graph.add("Reshape", [rows, graph.integers(0, 0, groups, -1)]);
  const perHead = graph.add("Transpose", [split], { perm: { ints: [0, 2, 1, 3] } });
  const all = past === undefined ? perHead : graph.add("Concat", [past, perHead], { axis: { int: 2 } });
  return graph.add("Unsqueeze", [all, graph.integers(2)]);
}

/** The last two of five dimensions. */
export function exchanged(graph: GraphBuilder, value: Value): Value {
  return graph.add("Transpose", [value], { perm: { ints: [0, 1, 2, 4, 3] } });
}

/** The scores with what the mask adds to them: −∞ where a position is not seen. */
function masked(
  graph: GraphBuilder,
  scores: Value,
  mask: Value,
  known: KnownMask | undefined,
  heads: readonly [number, number],
  queriesOf: AttentionBlock["queriesOf"],
): Value {
  if (known === undefined) return scores;
  const { shape, isOfTruths } = known;
  const own = shape.at(-2) === 1 ? mask : queriesOf(mask, shape.length - 2);
  const perHead = shape.at(-3) === 1 ? [1, 1] : heads;
  const leading = graph.add("Shape", [own], { start: { int: 0 }, end: { int: shape.length - 3 } });
  const last = graph.add("Shape", [own], { start: { int: -2 } });
  const sizes = graph.add("Concat", [leading, graph.integers(...perHead), last], { axis: { int: 0 } });
  const split = graph.add("Reshape", [isOfTruths ? asAddend(graph, own) : own, sizes]);
  return graph.add("Add", [scores, split]);
}

/** 0 where true, else −∞: to add is many times as fast as to choose. */
function asAddend(graph: GraphBuilder, truths: Value): Value {
  return graph.add("Where", [truths, graph.number(0), graph.number(Number.NEGATIVE_INFINITY)]);
}

/** [block × seen] for queries from `start` on: −∞ for keys after the query */
function causalAddend(graph: GraphBuilder, scores: Value, start: number): Value {
  const range = (from: number, axis: number) => {
    const size = graph.add("Shape", [scores], { start: { int: axis }, end: { int: axis + 1 } });
    const scalar = graph.add("Squeeze", [size, graph.integers(0)]);
    const end = from === 0 ? scalar : graph.add("Add", [scalar, graph.integer(from)]);
    return graph.add("Range", [graph.integer(from), end, graph.integer(1)]);
  };
  const queries = graph.add("Unsqueeze", [range(start, 3), graph.integers(1)]);
  return asAddend(graph, graph.add("GreaterOrEqual", [queries, range(0, 4)]));
}
