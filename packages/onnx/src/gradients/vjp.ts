import { ONE_BLOCK, type QueryBlocks } from "../attention-blocks.ts";
import { ELEMENT, type GraphBuilder, type GraphNode, type Value } from "../graph.ts";
import { inferShapes, inferTypes, integerAttribute, integersOf } from "../infer-shapes.ts";
import { RULES } from "./rules/rules.ts";

/**
 * The product of a vector with the Jacobian of a graph: adds operators of the standard set that give the gradient of Σ v · y by values of
 * the graph.
 * @param outputs values y of the graph, and v of the same shape as each
 * @param inputs values of the graph, or its inputs; the gradient by one that no output depends on is not there
 * @param queryBlocks how queries of attention are taken
 * @returns by each input, of its shape
 * @throws RangeError for an operator between them that has no rule
 */
export function vjp(
  graph: GraphBuilder,
  outputs: ReadonlyMap<Value, Value>,
  inputs: readonly Value[],
  queryBlocks: QueryBlocks = ONE_BLOCK,
): ReadonlyMap<Value, Value> {
  const nodes = [...graph.nodes];
  const depending = dependents(nodes, inputs);
  const shapes = inferShapes(graph);
  const types = inferTypes(graph);
  const constants = new Map(graph.initializers.map((each) => [each.name, each] as const));
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const gradients = new Map<string, Value>();
  const give = (value: string, gradient: Value) => {
    const before = gradients.get(value);
    gradients.set(value, before === undefined ? gradient : graph.add("Add", [before, gradient]));
  };
  for (const [value, gradient] of outputs) if (depending.has(value)) give(value, gradient);
  for (const node of nodes.toReversed()) {
    const own = node.outputs.map((output) => gradients.get(output));
    if (own.every((gradient) => gradient === undefined)) continue;
    const rule = RULES[node.operator];
    if (rule === undefined) throw new RangeError(`the operator ${node.operator} has no gradient here`);
    const given = rule(node, own, {
      graph,
      queryBlocks,
      needs: (i) => depending.has(node.inputs[i] ?? ""),
      shapeOf(value) {
        const shape = shapes.get(value);
        if (shape === undefined) throw new RangeError(`the shape of ${value} in ${node.operator} is unknown`);
        return shape;
      },
      sizesOf: (value) => sizesOf(graph, producers, value),
      isOfTruths: (value) => types.get(value) === "bool",
      isHalf: (value) => types.get(value) === "float16",
      integersOf(value) {
        const integers = integersOf(constants.get(value));
        if (integers === undefined) throw new RangeError(`${value} in ${node.operator} is no constant`);
        return integers;
      },
    });
    for (const [i, gradient] of given.entries()) {
      if (gradient !== undefined && depending.has(node.inputs[i] ?? ""))
        give(node.inputs[i] as string, gradient);
    }
  }
  return new Map(
    inputs.flatMap((input) => {
      const gradient = gradients.get(input);
      return gradient === undefined ? [] : [[input, gradient] as const];
    }),
  );
}

/** The values that differ a little when one of `inputs` does. */
function dependents(nodes: readonly GraphNode[], inputs: readonly Value[]): ReadonlySet<string> {
  const found = new Set<string>(inputs);
  for (const node of nodes) {
    if (STEPS.has(node.operator) || isToIntegers(node)) continue;
    if (!node.inputs.some((input) => found.has(input))) continue;
    const outputs = node.operator === "TopK" ? node.outputs.slice(0, 1) : node.outputs;
    for (const output of outputs) found.add(output);
  }
  return found;
}

/** Operators whose results are integers or truths, and stay the same for a small change. */
const STEPS: ReadonlySet<string> = new Set([
  ...["Shape", "ConstantOfShape", "NonZero", "Range", "Not", "And", "Or"],
  ...["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"],
]);

function isToIntegers(node: GraphNode): boolean {
  if (node.operator !== "Cast") return false;
  const to = integerAttribute(node, "to", 0);
  return ![ELEMENT.float, ELEMENT.float16, ELEMENT.bfloat16, ELEMENT.double].some((type) => type === to);
}

/** Taken from what a value was computed from where that has its shape, so that it need not be computed for its shape alone. */
function sizesOf(graph: GraphBuilder, producers: ReadonlyMap<string, GraphNode>, value: string): Value {
  const node = producers.get(value);
  if (node?.operator === "Attention") {
    const leading = graph.add("Shape", [node.inputs[0] as Value], { start: { int: 0 }, end: { int: -1 } });
    return graph.add("Concat", [leading, graph.integers(-1)], { axis: { int: 0 } });
  }
  if (node !== undefined && KEEP_SHAPE.has(node.operator)) {
    return sizesOf(graph, producers, node.inputs[0] as string);
  }
  return graph.add("Shape", [value as Value]);
}

const KEEP_SHAPE: ReadonlySet<string> = new Set([
  ...["Identity", "Cast", "Clip", "Gelu", "Neg", "Relu", "Sigmoid", "Tanh", "Softmax"],
  ...["RMSNormalization", "LayerNormalization", "RotaryEmbedding"],
]);
