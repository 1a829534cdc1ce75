import {
  type AttentionBlock,
  exchanged,
  ofQueries,
  type SpelledAttention,
  spelled,
} from "../../attention-blocks.ts";
import type { GraphBuilder, Value } from "../../graph.ts";
import type { GradientRule, RuleContext } from "../rule.ts";
import { reshapeLike, single, sizeAlong, sumRepeated } from "./shared.ts";

/**
 * Attention as products and a softmax, some queries at a time. With the shares P, and g the gradient by what queries got: by V it is
 * Pᵀ · g, by the scores s = P · (g · Vᵀ − Σ g · (P · V)), by Q it is s · K, by K it is sᵀ · Q. Keys and values that went before are
 * constants.
 */
export const attention: GradientRule = (node, gradients, context) => {
  const { graph, needs, shapeOf, isOfTruths, queryBlocks } = context;
  const [query, key, value, mask] = node.inputs as [Value, Value, Value, Value | "" | undefined];
  const [pastKey, pastValue] = node.inputs.slice(4) as (Value | undefined)[];
  const known = mask ? { shape: shapeOf(mask), isOfTruths: isOfTruths(mask) } : undefined;
  const whole = spelled(graph, node, known, queryBlocks);
  const given = ofQueries(graph, single(gradients), whole.groups, whole.shared);
  const blocks = backward(graph, whole, given);

  const byQuery = () =>
    blocks.map(({ block, byProducts }) => times(graph, byProducts, block.keysOf(whole.keys, 3)));
  const byKey = () =>
    blocks.map(({ block, byProducts }) =>
      padded(
        graph,
        times(graph, exchanged(graph, block.queriesOf(whole.queries, 3)), byProducts),
        block,
        whole,
      ),
    );
  const byValue = () =>
    blocks.map(({ block, own }) =>
      padded(graph, times(graph, exchanged(graph, own), block.shares), block, whole),
    );
  const byScores = () =>
    joined(
      graph,
      blocks.map((each) => each.byScores),
    );
  return [
    needs(0) ? gradientOfQueries(context, joined(graph, byQuery()), query, whole.scale) : undefined,
    needs(1) ? gradientOfKeys(context, added(graph, byKey()), key, pastKey) : undefined,
    needs(2) ? gradientOfKeys(context, added(graph, byValue()), value, pastValue) : undefined,
    mask && needs(3) ? gradientOfMask(byScores(), mask, context, whole.groups * whole.shared) : undefined,
  ];
};

/** Of each block the gradient by what its queries got, and by its scores. */
interface BlockGradients {
  readonly block: AttentionBlock;
  /** [B × groups × heads / groups × block × width] */
  readonly own: Value;
  /** [B × groups × heads / groups × block × seen] by the scores with their cap, and by those before it */
  readonly byScores: Value;
  readonly byProducts: Value;
}

/** The sum over a query's keys is subtracted within the product, by one column more. */
function backward(graph: GraphBuilder, { values, blocks }: SpelledAttention, given: Value): BlockGradients[] {
  const oneMore = graph.integers(0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
  const withOnes = graph.add("Pad", [exchanged(graph, values), oneMore, graph.number(1)]);
  return blocks.map((block) => {
    const own = block.queriesOf(given, 3);
    const got = times(graph, block.shares, block.keysOf(values, 3));
    const along = graph.add("ReduceSum", [graph.add("Mul", [own, got]), graph.integers(-1)]);
    const withSum = graph.add("Concat", [own, graph.add("Neg", [along])], { axis: { int: 4 } });
    const byShares = times(graph, withSum, block.keysOf(withOnes, 4));
    const byScores = graph.add("Mul", [block.shares, byShares]);
    const byProducts = block.capped === undefined ? byScores : throughCap(graph, byScores, block.capped);
    return { block, own, byScores, byProducts };
  });
}

/** Of all queries, one block after another. */
function joined(graph: GraphBuilder, blocks: readonly Value[]): Value {
  return blocks.length === 1 ? (blocks[0] as Value) : graph.add("Concat", blocks, { axis: { int: 3 } });
}

function added(graph: GraphBuilder, blocks: readonly Value[]): Value {
  return blocks.reduce((sum, block) => graph.add("Add", [sum, block]));
}

/** The sum over the heads of a group, with zeros for keys that the block does not see: [B × groups × width × past + S]. */
function padded(
  graph: GraphBuilder,
  byKeys: Value,
  { end }: AttentionBlock,
  { turnedKeys }: SpelledAttention,
): Value {
  const summed = graph.add("ReduceSum", [byKeys, graph.integers(2)], { keepdims: { int: 0 } });
  if (end === undefined) return summed;
  const unseen = graph.add("Sub", [sizeAlong(graph, turnedKeys, 4), graph.integers(end)]);
  const pads = graph.add("Concat", [graph.integers(0, 0, 0, 0, 0, 0, 0), unseen], { axis: { int: 0 } });
  return graph.add("Pad", [summed, pads]);
}

/** [B × groups × heads / groups × T × width] → [B × T × heads · width] */
function gradientOfQueries(context: RuleContext, gradient: Value, query: Value, scale: number): Value {
  const { graph } = context;
  const rows = graph.add("Transpose", [gradient], { perm: { ints: [0, 3, 1, 2, 4] } });
  return graph.add("Mul", [reshapeLike(context, rows, query), graph.number(scale)]);
}

/** [B × groups × width × past + S] → [B × S × groups · width] */
function gradientOfKeys(context: RuleContext, gradient: Value, key: Value, past: Value | undefined): Value {
  const { graph } = context;
  const own = past === undefined ? gradient : withoutPast(graph, gradient, past);
  const rows = graph.add("Transpose", [own], { perm: { ints: [0, 3, 1, 2] } });
  return reshapeLike(context, rows, key);
}

function withoutPast(graph: GraphBuilder, byKeys: Value, past: Value): Value {
  return graph.add("Slice", [byKeys, sizeAlong(graph, past, 2), graph.integers(2 ** 31), graph.integers(3)]);
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

function times(graph: GraphBuilder, left: Value, right: Value): Value {
  return graph.add("MatMul", [left, right]);
}
