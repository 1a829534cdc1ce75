import { GraphBuilder, type QueryBlocks, spellCausalAttention, type Value, vjp } from "@revocab/onnx";
import { inputWidth, outputWidth, type TransformerDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import type { Part, States } from "./part.ts";
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
  { cache = false, blocks }: PartOptions = {},
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
  if (blocks !== undefined) spellCausalAttention(graph, blocks);
  return graph;
}

export interface PartOptions {
  /** Takes and gives keys and values as layer 0, for sequences that are read in pieces. @default false */
  readonly cache?: boolean;
  /** How causal attention is spelled out. @default by the runtime's own operator */
  readonly blocks?: QueryBlocks;
}

/**
 * The gradient of one part, with its weights as inputs: of the gradients by what it gives, those by what it takes. The states that it
 * took are inputs too: what lies between is computed again.
 * @param blocks how queries of attention are taken @default all at once
 */
export function buildPartGradient(
  part: Part,
  description: TransformerDescription,
  weights: GraphWeights,
  blocks?: QueryBlocks,
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
  return graph.pruned();
}

function zerosLike(graph: GraphBuilder, value: Value): Value {
  return graph.add("ConstantOfShape", [graph.add("Shape", [value])]);
}
