import type { GraphBuilder, GraphNode, Value } from "../../graph.ts";
import { floatAttribute, integerAttribute } from "../infer-shapes.ts";
import type { GradientRule, RuleContext } from "../rule.ts";
import { reshapeLike, single, sumRepeated } from "./shared.ts";
import { gradientOfSoftmax } from "./softmax.ts";

/**
 * Attention as products and a softmax, [B × keys' heads × queries of a head × T × S]; P are its shares: by V it is Pᵀ · g, by the scores
 * s = P · (dP − Σ P · dP) with dP = g · Vᵀ, by Q it is s · K, by K it is sᵀ · Q. Keys and values that went before are constants.
 */
export const attention: GradientRule = (node, gradients, context) => {
  const { graph, needs } = context;
  const [query, key, value, mask] = node.inputs as [Value, Value, Value, Value | "" | undefined];
  const [pastKey, pastValue] = node.inputs.slice(4) as (Value | undefined)[];
  const heads = integerAttribute(node, "q_num_heads", 0);
  const groups = integerAttribute(node, "kv_num_heads", 0);
  if (heads === 0 || groups === 0)
    throw new RangeError("attention without numbers of heads has no gradient here");
  const scale = floatAttribute(node, "scale", Number.NaN);
  if (Number.isNaN(scale)) throw new RangeError("attention without a scale has no gradient here");
  const softCap = floatAttribute(node, "softcap", 0);

  const q = graph.add("Mul", [ofQueries(graph, query, groups, heads), graph.number(scale)]);
  const k = ofKeys(graph, key, groups, pastKey);
  const v = ofKeys(graph, value, groups, pastValue);
  const products = times(graph, q, turned(graph, k));
  const capped = softCap === 0 ? undefined : graph.add("Tanh", [divided(graph, products, softCap)]);
  const scores = capped === undefined ? products : graph.add("Mul", [capped, graph.number(softCap)]);
  const shares = graph.add("Softmax", [masked(scores, node, context, groups, heads)], { axis: { int: -1 } });

  const g = ofQueries(graph, single(gradients), groups, heads);
  const byShares = times(graph, g, turned(graph, v));
  const byScores = gradientOfSoftmax(graph, shares, byShares, -1);
  const byProducts = capped === undefined ? byScores : throughCap(graph, byScores, capped);
  const byMask = mask && needs(3) ? gradientOfMask(byScores, mask, context, heads) : undefined;
  const byKey = () => gradientOfKeys(context, times(graph, turned(graph, byProducts), q), key, pastKey);
  return [
    needs(0) ? gradientOfQueries(context, times(graph, byProducts, k), query, scale) : undefined,
    needs(1) ? byKey() : undefined,
    needs(2) ? gradientOfKeys(context, times(graph, turned(graph, shares), g), value, pastValue) : undefined,
    byMask,
  ];
};

/** [B × T × heads · width] → [B × groups × heads / groups × T × width] */
function ofQueries(graph: GraphBuilder, rows: Value, groups: number, heads: number): Value {
  const split = graph.add("Reshape", [rows, graph.integers(0, 0, groups, heads / groups, -1)]);
  return graph.add("Transpose", [split], { perm: { ints: [0, 2, 3, 1, 4] } });
}

/** [B × S × groups · width] → [B × groups × 1 × past + S × width] */
function ofKeys(graph: GraphBuilder, rows: Value, groups: number, past: Value | undefined): Value {
  const split = graph.add("Reshape", [rows, graph.integers(0, 0, groups, -1)]);
  const perHead = graph.add("Transpose", [split], { perm: { ints: [0, 2, 1, 3] } });
  const all = past === undefined ? perHead : graph.add("Concat", [past, perHead], { axis: { int: 2 } });
  return graph.add("Unsqueeze", [all, graph.integers(2)]);
}

/** [B × groups × heads / groups × T × width] → [B × T × heads · width] */
function gradientOfQueries(context: RuleContext, gradient: Value, query: Value, scale: number): Value {
  const { graph } = context;
  const rows = graph.add("Transpose", [gradient], { perm: { ints: [0, 3, 1, 2, 4] } });
  return graph.add("Mul", [reshapeLike(context, rows, query), graph.number(scale)]);
}

/** [B × groups × heads / groups × past + S × width] → [B × S × groups · width] */
function gradientOfKeys(context: RuleContext, gradient: Value, key: Value, past: Value | undefined): Value {
  const { graph } = context;
  const summed = graph.add("ReduceSum", [gradient, graph.integers(2)], { keepdims: { int: 0 } });
  const own = past === undefined ? summed : withoutPast(graph, summed, past);
  const rows = graph.add("Transpose", [own], { perm: { ints: [0, 2, 1, 3] } });
  return reshapeLike(context, rows, key);
}

function withoutPast(graph: GraphBuilder, rows: Value, past: Value): Value {
  const start = graph.add("Shape", [past], { start: { int: 2 }, end: { int: 3 } });
  return graph.add("Slice", [rows, start, graph.integers(2 ** 31), graph.integers(2)]);
}

/** The scores with what the mask adds to them: −∞ where a position is not seen. */
function masked(
  scores: Value,
  node: GraphNode,
  { graph, shapeOf, isOfTruths }: RuleContext,
  groups: number,
  heads: number,
): Value {
  const mask = node.inputs[3] as Value | "" | undefined;
  if (!mask) {
    if (integerAttribute(node, "is_causal", 0) === 0) return scores;
    return graph.add("Add", [scores, asAddend(graph, causalMask(graph, scores))]);
  }
  const shape = shapeOf(mask);
  const perHead = shape.at(-3) === 1 ? [1, 1] : [groups, heads / groups];
  const leading = graph.add("Shape", [mask], { start: { int: 0 }, end: { int: shape.length - 3 } });
  const last = graph.add("Shape", [mask], { start: { int: -2 } });
  const sizes = graph.add("Concat", [leading, graph.integers(...perHead), last], { axis: { int: 0 } });
  const split = graph.add("Reshape", [isOfTruths(mask) ? asAddend(graph, mask) : mask, sizes]);
  return graph.add("Add", [scores, split]);
}

/** 0 where true, else −∞: to add is many times as fast as to choose. */
function asAddend(graph: GraphBuilder, truths: Value): Value {
  return graph.add("Where", [truths, graph.number(0), graph.number(Number.NEGATIVE_INFINITY)]);
}

/** [T × S], true where a key is not after the query */
function causalMask(graph: GraphBuilder, scores: Value): Value {
  const range = (axis: number) => {
    const size = graph.add("Shape", [scores], { start: { int: axis }, end: { int: axis + 1 } });
    const scalar = graph.add("Squeeze", [size, graph.integers(0)]);
    return graph.add("Range", [graph.integer(0), scalar, graph.integer(1)]);
  };
  const queries = graph.add("Unsqueeze", [range(3), graph.integers(1)]);
  return graph.add("GreaterOrEqual", [queries, range(4)]);
}

/** By numbers that were added to the scores, [… heads or 1 × T × S]. */
function gradientOfMask(byScores: Value, mask: Value, { graph, shapeOf }: RuleContext, heads: number): Value {
  const whole = graph.add("Reshape", [
    byScores,
    graph.add(
      "Concat",
      [
        graph.add("Shape", [byScores], { start: { int: 0 }, end: { int: 1 } }),
        graph.integers(heads),
        graph.add("Shape", [byScores], { start: { int: 3 } }),
      ],
      { axis: { int: 0 } },
    ),
  ]);
  return sumRepeated(graph, whole, shapeOf(mask), [undefined, heads, undefined, undefined]);
}

/** c · tanh(s / c): 1 − tanh² */
function throughCap(graph: GraphBuilder, gradient: Value, capped: Value): Value {
  const slope = graph.add("Sub", [graph.number(1), graph.add("Mul", [capped, capped])]);
  return graph.add("Mul", [gradient, slope]);
}

function divided(graph: GraphBuilder, value: Value, by: number): Value {
  return graph.add("Div", [value, graph.number(by)]);
}

function times(graph: GraphBuilder, left: Value, right: Value): Value {
  return graph.add("MatMul", [left, right]);
}

/** The last two of five dimensions exchanged. */
function turned(graph: GraphBuilder, value: Value): Value {
  return graph.add("Transpose", [value], { perm: { ints: [0, 1, 2, 4, 3] } });
}
