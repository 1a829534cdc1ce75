import { type QueryBlocks, spelled } from "./attention-blocks.ts";
import type { GraphBuilder, GraphNode, Value } from "./graph.ts";
import { integerAttribute } from "./infer-shapes.ts";

/**
 * Replaces each causal Attention of a graph by products and a softmax of some queries at a time, with the keys that they see. The
 * runtime's own computes all scores and holds them at once.
 * @throws RangeError for an attention that has no numbers of heads or no scale, or gives its keys and values
 */
export function spellCausalAttention(graph: GraphBuilder, blocks: QueryBlocks): void {
  const used = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  for (const node of graph.nodes.splice(0)) {
    if (node.operator !== "Attention" || integerAttribute(node, "is_causal", 0) === 0) {
      graph.nodes.push(node);
      continue;
    }
    const [output, ...others] = node.outputs as [string, ...string[]];
    if (others.some((other) => used.has(other)))
      throw new RangeError("attention that gives its keys and values is not spelled out");
    const mixed = mixedValues(graph, node, blocks);
    graph.nodes.push({ operator: "Identity", inputs: [mixed], outputs: [output], attributes: {} });
  }
}

/** [B × T × heads · width] */
function mixedValues(graph: GraphBuilder, node: GraphNode, size: QueryBlocks): Value {
  const { values, blocks } = spelled(graph, node, undefined, size);
  const parts = blocks.map(({ keysOf, shares }) => graph.add("MatMul", [shares, keysOf(values, 3)]));
  const all = parts.length === 1 ? (parts[0] as Value) : graph.add("Concat", parts, { axis: { int: 3 } });
  const rows = graph.add("Transpose", [all], { perm: { ints: [0, 3, 1, 2, 4] } });
  return graph.add("Reshape", [rows, graph.integers(0, 0, -1)]);
}
