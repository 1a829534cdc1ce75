import type { GraphBuilder, Value } from "@revocab/onnx";
import {
  type DenseDescription,
  inputWidth,
  type LayerDescription,
  type TransformerDescription,
} from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import { attention } from "./attention.ts";
import { crossAttention } from "./cross-attention.ts";
import { expertParts } from "./experts.ts";
import { activate, added, feedForward, linear, norm } from "./layers.ts";
import type { Part, States, StateWidths } from "./part.ts";
import type { BodyInputs } from "./ports.ts";

/** Weights of experts that are one part: 256 MB as f32. */
const EXPERT_VALUES = 64e6;

/**
 * The body in parts: what happens to input rows before the first layer, each layer's attention, that to an encoder, its
 * feed-forward, and what comes after the last layer. A body begins with `hidden`, the rows of the input table, and ends with it, what the head's table is
 * multiplied with.
 * @param expertValues weights of experts in a part @default 64 million
 */
export function partsOf(description: TransformerDescription, expertValues = EXPERT_VALUES): readonly Part[] {
  const { layers, width } = description;
  return [
    ...embeddingParts(description),
    ...layers.flatMap((layer, i) =>
      layerParts(layer, `layer ${i + 1} of ${layers.length}`, width, expertValues),
    ),
    ...finalParts(description),
  ];
}

const justHidden = (columns: number): StateWidths => ({ hidden: columns });

function embeddingParts(description: TransformerDescription): Part[] {
  const { width, embedding } = description;
  if (Object.values(embedding).every((each) => each === undefined)) return [];
  const { scale, positions, tokenTypes, norm: last, projection } = embedding;
  const inputs = inputWidth(description);
  const columns = projection?.place === "first" ? width : inputs;
  return [
    {
      name: "embeddings",
      takes: justHidden(inputs),
      gives: justHidden(width),
      add(graph, weights, { hidden }, ports) {
        const project = (value: Value, place: "first" | "last") =>
          projection?.place === place ? linear(graph, weights, value, projection.linear) : value;
        let rows = project(hidden, "first");
        if (scale !== undefined) rows = graph.add("Mul", [rows, graph.number(scale)]);
        if (tokenTypes !== undefined) {
          const table = weights.use(graph, tokenTypes.tensor, [tokenTypes.rows, columns]);
          rows = graph.add("Add", [rows, graph.add("Gather", [table, graph.integers(0)])]);
        }
        if (positions !== undefined) {
          const table = weights.use(graph, positions.tensor, [positions.rows, columns]);
          rows = graph.add("Add", [rows, graph.add("Gather", [table, ports.positions()])]);
        }
        return { hidden: project(norm(graph, weights, rows, last), "last") };
      },
    },
  ];
}

/** Where attention and feed-forward both read the layer's input, they are one part. */
function layerParts(layer: LayerDescription, name: string, width: number, expertValues: number): Part[] {
  const { attention: self, crossAttention: cross, feedForward: forward, norms, parallel = false } = layer;
  const hidden = justHidden(width);
  const attended = (
    graph: GraphBuilder,
    weights: GraphWeights,
    input: Value,
    inputs: BodyInputs,
    index: number,
  ) => {
    const normed = norm(graph, weights, input, norms.beforeAttention);
    const given = attention(graph, weights, normed, self, inputs, index);
    return norm(graph, weights, given, norms.afterAttention);
  };
  const forwarded = (graph: GraphBuilder, weights: GraphWeights, input: Value, dense: DenseDescription) => {
    const normed = norm(graph, weights, input, norms.beforeFeedForward);
    return norm(graph, weights, feedForward(graph, weights, normed, dense), norms.afterFeedForward);
  };
  if (parallel) {
    if (forward.kind === "experts") throw new RangeError("experts beside attention are not known");
    if (cross !== undefined) throw new RangeError("an encoder's states beside attention are not known");
    return [
      {
        name,
        takes: hidden,
        gives: hidden,
        attends: layer,
        add(graph, weights, states, inputs, index) {
          const both = [
            attended(graph, weights, states.hidden, inputs, index),
            forwarded(graph, weights, states.hidden, forward),
          ];
          return { hidden: added(graph, states.hidden, graph.add("Add", both), layer) };
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
        const given = attended(graph, weights, states.hidden, inputs, index);
        const sum = added(graph, states.hidden, given, layer);
        return { hidden: norm(graph, weights, sum, norms.afterAttentionSum) };
      },
    },
    ...(cross === undefined
      ? []
      : [
          {
            name,
            takes: hidden,
            gives: hidden,
            add(graph: GraphBuilder, weights: GraphWeights, states: States, inputs: BodyInputs) {
              const normed = norm(graph, weights, states.hidden, norms.beforeCrossAttention);
              const given = crossAttention(graph, weights, normed, cross, inputs);
              const sum = added(graph, states.hidden, given, layer);
              return { hidden: norm(graph, weights, sum, norms.afterCrossAttentionSum) };
            },
          },
        ]),
    ...(forward.kind === "experts"
      ? expertParts(layer, forward, name, width, expertValues)
      : [
          {
            name,
            takes: hidden,
            gives: hidden,
            add(graph: GraphBuilder, weights: GraphWeights, states: States) {
              const sum = added(
                graph,
                states.hidden,
                forwarded(graph, weights, states.hidden, forward),
                layer,
              );
              return { hidden: norm(graph, weights, sum, norms.afterFeedForwardSum) };
            },
          },
        ]),
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
        const turned = linear(graph, weights, hidden, dense);
        const active = activation === undefined ? turned : activate(graph, turned, activation);
        return { hidden: norm(graph, weights, active, last) };
      },
    },
  ];
}
