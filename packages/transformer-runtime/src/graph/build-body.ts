import { GraphBuilder, type Value } from "@revocab/onnx";
import type { LayerDescription, TransformerDescription } from "../description.ts";
import type { Weights } from "../weights.ts";
import { attention } from "./attention.ts";
import { activate, feedForward, linear, norm } from "./layers.ts";
import { type BodyInputs, bodyInputs, PORTS } from "./ports.ts";

/**
 * The part of a transformer that does not depend on its vocabulary: rows of the input table in, what the head's table
 * is multiplied with out. A swap never changes it.
 *
 * @param cache keys and values of earlier positions are taken and given, so that text can be continued token by token
 */
export function buildBody(
  description: TransformerDescription,
  weights: Weights,
  { cache = false }: { cache?: boolean } = {},
): GraphBuilder {
  const graph = new GraphBuilder();
  const { width, layers, finalNorm, head } = description;
  const inputs = bodyInputs(graph, description, cache);
  let hidden = embed(graph, weights, description);
  layers.forEach((layer, i) => {
    hidden = addLayer(graph, weights, hidden, layer, inputs, i);
  });
  hidden = norm(graph, weights, hidden, finalNorm);
  if (head.transform !== undefined) {
    const { dense, activation, norm: last } = head.transform;
    hidden = norm(graph, weights, activate(graph, linear(graph, weights, hidden, dense), activation), last);
  }
  graph.output(PORTS.hidden, "float", ["N", head.transform?.dense.outputs ?? width], hidden);
  return graph;
}

function embed(
  graph: GraphBuilder,
  weights: Weights,
  { width, embedding: { scale, positions, tokenTypes, norm: last } }: TransformerDescription,
): Value {
  let rows = graph.input(PORTS.embeddings, "float", ["N", width]);
  if (scale !== undefined) rows = graph.add("Mul", [rows, graph.number(scale)]);
  if (tokenTypes !== undefined) {
    const table = weights.use(graph, tokenTypes.tensor, [tokenTypes.rows, width]);
    rows = graph.add("Add", [rows, graph.add("Gather", [table, graph.integers(0)])]);
  }
  if (positions !== undefined) {
    const table = weights.use(graph, positions.tensor, [positions.rows, width]);
    const ids = graph.input(PORTS.positions, "int64", ["N"]);
    rows = graph.add("Add", [rows, graph.add("Gather", [table, ids])]);
  }
  return norm(graph, weights, rows, last);
}

function addLayer(
  graph: GraphBuilder,
  weights: Weights,
  input: Value,
  { attention: self, feedForward: forward, norms, parallel = false }: LayerDescription,
  inputs: BodyInputs,
  index: number,
): Value {
  const normed = (value: Value, which: keyof typeof norms) => norm(graph, weights, value, norms[which]);
  const attended = normed(
    attention(graph, weights, normed(input, "beforeAttention"), self, inputs, index),
    "afterAttention",
  );
  if (parallel) {
    const other = feedForward(graph, weights, normed(input, "beforeFeedForward"), forward);
    return graph.add("Add", [graph.add("Add", [attended, normed(other, "afterFeedForward")]), input]);
  }
  const middle = normed(graph.add("Add", [input, attended]), "afterAttentionSum");
  const forwarded = normed(
    feedForward(graph, weights, normed(middle, "beforeFeedForward"), forward),
    "afterFeedForward",
  );
  return normed(graph.add("Add", [middle, forwarded]), "afterFeedForwardSum");
}
