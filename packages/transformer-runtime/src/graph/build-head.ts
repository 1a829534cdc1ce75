import type { StoredDtype } from "@revocab/core";
import { type ElementType, type ExternalData, GraphBuilder, type Value } from "@revocab/onnx";
import type { HeadDescription } from "../description.ts";

/** A stored table as a constant of a graph: a range of a file, or of a buffer under a made-up name. */
export interface TableConstant {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  readonly content: ExternalData;
}

/**
 * What a head is asked for. `logits` [N × V]; `distributions` [N × V] natural logarithms of probabilities; `scores`
 * [N × 1] those of one token per row, so that [N × V] numbers never leave the runtime.
 */
export type HeadResult = "logits" | "distributions" | "scores";

export const HEAD_PORTS = { hidden: "hidden", targets: "targets", result: "result" } as const;

const ELEMENT_OF: Readonly<Record<StoredDtype, ElementType>> = {
  F32: "float",
  F16: "float16",
  BF16: "bfloat16",
};

/** Hidden states [N × d] → what `result` says. */
export function buildHead({
  table,
  bias,
  description: { scale, softCap },
  result,
}: {
  table: TableConstant;
  bias?: TableConstant;
  description: HeadDescription;
  result: HeadResult;
}): GraphBuilder {
  const graph = new GraphBuilder();
  const hidden = graph.input(HEAD_PORTS.hidden, "float", ["N", table.columns]);
  const addend = bias === undefined ? [] : [constant(graph, bias, [bias.rows])];
  let logits = graph.add("Gemm", [hidden, constant(graph, table, [table.rows, table.columns]), ...addend], {
    transB: { int: 1 },
  });
  if (scale !== undefined) logits = graph.add("Mul", [logits, graph.number(scale)]);
  if (softCap !== undefined) {
    const capped = graph.add("Tanh", [graph.add("Div", [logits, graph.number(softCap)])]);
    logits = graph.add("Mul", [capped, graph.number(softCap)]);
  }
  const shape = ["N", result === "scores" ? 1 : table.rows];
  graph.output(HEAD_PORTS.result, "float", shape, resultOf(graph, logits, result));
  return graph;
}

function resultOf(graph: GraphBuilder, logits: Value, result: HeadResult): Value {
  if (result === "logits") return logits;
  if (result === "distributions") return graph.add("LogSoftmax", [logits], { axis: { int: 1 } });
  const targets = graph.input(HEAD_PORTS.targets, "int64", ["N", 1]);
  const chosen = graph.add("GatherElements", [logits, targets], { axis: { int: 1 } });
  return graph.add("Sub", [chosen, graph.add("ReduceLogSumExp", [logits, graph.integers(1)])]);
}

function constant(graph: GraphBuilder, { dtype, content }: TableConstant, shape: readonly number[]): Value {
  const stored = graph.external(ELEMENT_OF[dtype], shape, content);
  return dtype === "F32" ? stored : graph.asFloat(stored);
}
