import type { GraphBuilder, Value } from "@revocab/onnx";
import type { LayerDescription, NormDescription, TransformerDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { attention } from "./attention.ts";
import { activate, feedForward, linear, norm } from "./layers.ts";
import type { BodyInputs } from "./ports.ts";

/** Numbers of each position that go from part to part, [N × columns] each: `hidden` and what a part adds to it. */
export type States = Readonly<Record<string, Value>>;
/** Columns of each. */
export type StateWidths = Readonly<Record<string, number>>;

/**
 * A piece of a transformer's body that needs none of the others' weights. The parts of a body in their order are the whole body;
 * between two of them there is nothing but the states of the positions.
 */
export interface Part {
  /** For progress: `layer 3 of 32`. */
  readonly name: string;
  readonly takes: StateWidths;
  readonly gives: StateWidths;
  /** The layer whose attention is in it, if any: the only place where positions see each other. */
  readonly attends?: LayerDescription;
  /** @param layer the number under which `inputs` know its keys and values */
  add(graph: GraphBuilder, weights: GraphWeights, states: States, inputs: BodyInputs, layer: number): States;
}

/**
 * The body in parts: what happens to input rows before the first layer, each layer's attention, its feed-forward, and what comes
 * after the last layer. A body begins with `hidden`, the rows of the input table, and ends with it, what the head's table is
 * multiplied with.
 */
export function partsOf(description: TransformerDescription): readonly Part[] {
  const { layers, width } = description;
  return [
    ...embeddingParts(description),
    ...layers.flatMap((layer, i) => layerParts(layer, `layer ${i + 1} of ${layers.length}`, width)),
    ...finalParts(description),
  ];
}

const justHidden = (columns: number): StateWidths => ({ hidden: columns });

function embeddingParts({ width, embedding }: TransformerDescription): Part[] {
  const { scale, positions, tokenTypes, norm: last } = embedding;
  if ([scale, positions, tokenTypes, last].every((each) => each === undefined)) return [];
  return [
    {
      name: "embeddings",
      takes: justHidden(width),
      gives: justHidden(width),
      add(graph, weights, { hidden }, inputs) {
        let rows = hidden;
        if (scale !== undefined) rows = graph.add("Mul", [rows, graph.number(scale)]);
        if (tokenTypes !== undefined) {
          const table = weights.use(graph, tokenTypes.tensor, [tokenTypes.rows, width]);
          rows = graph.add("Add", [rows, graph.add("Gather", [table, graph.integers(0)])]);
        }
        if (positions !== undefined) {
          const table = weights.use(graph, positions.tensor, [positions.rows, width]);
          rows = graph.add("Add", [rows, graph.add("Gather", [table, inputs.positions()])]);
        }
        return { hidden: norm(graph, weights, rows, last) };
      },
    },
  ];
}

/** Where attention and feed-forward both read the layer's input, they are one part. */
function layerParts(layer: LayerDescription, name: string, width: number): Part[] {
  const { attention: self, feedForward: forward, norms, parallel = false } = layer;
  const hidden = justHidden(width);
  const normed = (graph: GraphBuilder, weights: GraphWeights, value: Value, which?: NormDescription) =>
    norm(graph, weights, value, which);
  const attended = (
    graph: GraphBuilder,
    weights: GraphWeights,
    input: Value,
    inputs: BodyInputs,
    index: number,
  ) =>
    normed(
      graph,
      weights,
      attention(graph, weights, normed(graph, weights, input, norms.beforeAttention), self, inputs, index),
      norms.afterAttention,
    );
  const forwarded = (graph: GraphBuilder, weights: GraphWeights, input: Value) =>
    normed(
      graph,
      weights,
      feedForward(graph, weights, normed(graph, weights, input, norms.beforeFeedForward), forward),
      norms.afterFeedForward,
    );
  if (parallel) {
    return [
      {
        name,
        takes: hidden,
        gives: hidden,
        attends: layer,
        add(graph, weights, states, inputs, index) {
          const both = [
            attended(graph, weights, states.hidden, inputs, index),
            forwarded(graph, weights, states.hidden),
          ];
          return { hidden: graph.add("Add", [graph.add("Add", both), states.hidden]) };
        },
      },
    ];
  }
  return [
    {
      name,
      takes: hidden,
      gives: hidden,
      attends: layer,
      add(graph, weights, states, inputs, index) {
        const sum = graph.add("Add", [states.hidden, attended(graph, weights, states.hidden, inputs, index)]);
        return { hidden: normed(graph, weights, sum, norms.afterAttentionSum) };
      },
    },
    {
      name,
      takes: hidden,
      gives: hidden,
      add(graph, weights, states) {
        const sum = graph.add("Add", [states.hidden, forwarded(graph, weights, states.hidden)]);
        return { hidden: normed(graph, weights, sum, norms.afterFeedForwardSum) };
      },
    },
  ];
}

function finalParts({ width, finalNorm, head: { transform } }: TransformerDescription): Part[] {
  if (finalNorm === undefined && transform === undefined) return [];
  return [
    {
      name: "final norm",
      takes: justHidden(width),
      gives: justHidden(transform?.dense.outputs ?? width),
      add(graph, weights, states) {
        const hidden = norm(graph, weights, states.hidden, finalNorm);
        if (transform === undefined) return { hidden };
        const { dense, activation, norm: last } = transform;
        const turned = activate(graph, linear(graph, weights, hidden, dense), activation);
        return { hidden: norm(graph, weights, turned, last) };
      },
    },
  ];
}
