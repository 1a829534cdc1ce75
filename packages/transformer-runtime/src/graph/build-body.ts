import { GraphBuilder, type QueryBlocks, spellCausalAttention, type Value, vjp } from "@revocab/onnx";
import { inferShapes, inferTypes } from "@revocab/onnx/internal";
import { inputWidth, outputWidth, type TransformerDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import type { Part, States, StateWidths } from "./part.ts";
import { partsOf } from "./parts.ts";
import { bodyInputs, PORTS } from "./ports.ts";

/**
 * All parts of a body in one graph with its weights as constants: for text that grows token by token. It takes and gives the
 * keys and values of earlier positions.
 */
export function buildBody(description: TransformerDescription, weights: GraphWeights): GraphBuilder {
  const graph = new GraphBuilder();
  const inputs = bodyInputs(graph, description, true);
  let states: States = {
    hidden: graph.input(PORTS.state("hidden"), "float", ["N", inputWidth(description)]),
  };
  let layer = 0;
  for (const part of partsOf(description)) {
    states = { ...states, ...part.add(graph, weights, states, inputs, layer) };
    if (part.attends !== undefined) layer++;
  }
  graph.output(PORTS.nextState("hidden"), "float", ["N", outputWidth(description)], states.hidden);
  return graph;
}

/** One part by itself, with its weights as inputs: parts of equal shapes are the same graph. */
export function buildPart(
  part: Part,
  description: TransformerDescription,
  weights: GraphWeights,
  { cache = false, blocks, products = {} }: PartOptions = {},
): GraphBuilder {
  const graph = new GraphBuilder();
  const inputs = bodyInputs(graph, description, cache);
  const before = Object.entries(part.takes).map(
    ([name, columns]) => [name, graph.input(PORTS.state(name), "float", ["N", columns])] as const,
  );
  const after = part.add(graph, weights, Object.fromEntries(before), inputs, 0);
  for (const [name, columns] of Object.entries(part.gives)) {
    graph.output(PORTS.nextState(name), "float", ["N", columns], after[name]);
  }
  for (const [value, columns] of Object.entries(products)) {
    graph.output(PORTS.product(value), "float", ["N", columns], value as Value);
  }
  if (blocks !== undefined) spellCausalAttention(graph, blocks);
  return graph;
}

export interface PartOptions {
  /** Takes and gives keys and values as layer 0, for sequences that are read in pieces. @default false */
  readonly cache?: boolean;
  /** How causal attention is spelled out. @default by the runtime's own operator */
  readonly blocks?: QueryBlocks | undefined;
  /** Values inside that are given besides, as {@link innerProducts} names them. @default none */
  readonly products?: StateWidths | undefined;
}

/**
 * The gradient of one part, with its weights as inputs: of the gradients by what it gives, those by what it takes. The states that it
 * took are inputs too, and so are `products`; what else lies between is computed again.
 */
export function buildPartGradient(
  part: Part,
  description: TransformerDescription,
  weights: GraphWeights,
  { blocks, products = {} }: Omit<PartOptions, "cache"> = {},
): GraphBuilder {
  const graph = new GraphBuilder();
  const inputs = bodyInputs(graph, description, false);
  const before = Object.entries(part.takes).map(
    ([name, columns]) => [name, graph.input(PORTS.state(name), "float", ["N", columns])] as const,
  );
  const after = part.add(graph, weights, Object.fromEntries(before), inputs, 0);
  const given = new Map<Value, Value>();
  for (const [name, columns] of Object.entries(part.gives)) {
    given.set(after[name] as Value, graph.input(PORTS.gradient(name), "float", ["N", columns]));
  }
  const states = before.map(([, state]) => state);
  const found = vjp(graph, given, states, blocks);
  for (const [name, state] of before) {
    const shape = ["N", part.takes[name] as number] as const;
    graph.output(PORTS.nextGradient(name), "float", shape, found.get(state) ?? zerosLike(graph, state));
  }
  return Object.entries(products).reduce(
    (left, [value, columns]) => left.given(PORTS.product(value), "float", ["N", columns], value as Value),
    graph.pruned(),
  );
}

/**
 * The products with weights inside a part that its gradient needs, [N × columns] by their value: where they are kept, nothing that is
 * costly is computed twice.
 * @param weights those of a graph, for each graph anew
 */
export function innerProducts(
  part: Part,
  description: TransformerDescription,
  weights: () => GraphWeights,
): StateWidths {
  const forward = buildPart(part, description, weights());
  const shapes = inferShapes(forward);
  const types = inferTypes(forward);
  const products: Record<string, number> = {};
  for (const { operator, outputs } of forward.nodes) {
    const [value] = outputs as [string];
    const [rows, columns, ...others] = shapes.get(value) ?? [];
    if (operator !== "Gemm" || types.get(value) !== "float" || others.length > 0) continue;
    if (rows === "N" && typeof columns === "number") products[value] = columns;
  }
  const needed = buildPartGradient(part, description, weights(), { products }).inputs.map(({ name }) => name);
  return Object.fromEntries(
    Object.entries(products).filter(([value]) => needed.includes(PORTS.product(value))),
  );
}

function zerosLike(graph: GraphBuilder, value: Value): Value {
  return graph.add("ConstantOfShape", [graph.add("Shape", [value])]);
}
