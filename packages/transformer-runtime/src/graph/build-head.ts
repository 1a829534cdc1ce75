import type { StoredDtype } from "@revocab/core";
import { type ElementType, type ExternalData, GraphBuilder, type Value } from "@revocab/onnx";
import type { HeadDescription } from "../description.ts";
import { productIn } from "./layers.ts";

/** A stored table as a constant of a graph: a range of a file, or of a buffer under a made-up name. */
export interface TableConstant {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  readonly content: ExternalData;
}

export const HEAD_PORTS = {
  /** [N × d] */
  hidden: "hidden",
  /** [R × d] some rows of the head's table, and [R] of its bias */
  table: "table",
  bias: "bias",
  /** [N × 1] which of the R rows is each position's target */
  targets: "targets",
  /** [N × R] */
  logits: "logits",
  /** [N × 1] the logit of the target, and log Σ exp of all R */
  chosen: "chosen",
  total: "total",
} as const;

const ELEMENT_OF: Readonly<Record<StoredDtype, ElementType>> = {
  F32: "float",
  F16: "float16",
  BF16: "bfloat16",
};

/**
 * Hidden states [N × d] → logits [N × V], with the table as a constant: for few positions at a time.
 * @param products what the table is multiplied in
 */
export function buildHead(
  { table, bias }: { readonly table: TableConstant; readonly bias?: TableConstant },
  description: HeadDescription,
  products: ElementType,
): GraphBuilder {
  const graph = new GraphBuilder();
  const hidden = graph.input(HEAD_PORTS.hidden, "float", ["N", table.columns]);
  const rows = constant(graph, table, [table.rows, table.columns], products);
  const addend = bias && constant(graph, bias, [bias.rows], products);
  graph.output(
    HEAD_PORTS.logits,
    "float",
    ["N", table.rows],
    logitsOf(graph, hidden, rows, addend, description, products),
  );
  return graph;
}

/**
 * The same for some rows of a table, which are an input: a table goes through it slab by slab.
 * @param result besides log Σ exp: all `logits`, or those of one token for each position, so that [N × R] numbers never leave the
 *   runtime
 */
export function buildHeadSlab(
  width: number,
  hasBias: boolean,
  description: HeadDescription,
  products: ElementType,
  result: "logits" | "scores",
): GraphBuilder {
  const graph = new GraphBuilder();
  const hidden = graph.input(HEAD_PORTS.hidden, "float", ["N", width]);
  const rows = graph.input(HEAD_PORTS.table, products, ["R", width]);
  const addend = hasBias ? graph.input(HEAD_PORTS.bias, products, ["R"]) : undefined;
  const logits = logitsOf(graph, hidden, rows, addend, description, products);
  graph.output(HEAD_PORTS.total, "float", ["N", 1], normalized(graph, logits).total);
  if (result === "logits") {
    graph.output(HEAD_PORTS.logits, "float", ["N", "R"], logits);
    return graph;
  }
  const targets = graph.input(HEAD_PORTS.targets, "int64", ["N", 1]);
  const chosen = graph.add("GatherElements", [logits, targets], { axis: { int: 1 } });
  graph.output(HEAD_PORTS.chosen, "float", ["N", 1], chosen);
  return graph;
}

/**
 * The softmax of logits [N × R], and log Σ exp of them, [N × 1]: the largest logit, less the logarithm of its share. The operator made for
 * that sum takes twice the time of both.
 */
export function normalized(
  graph: GraphBuilder,
  logits: Value,
): { readonly shares: Value; readonly total: Value } {
  const shares = graph.add("Softmax", [logits], { axis: { int: 1 } });
  const largest = (values: Value) => graph.add("ReduceMax", [values, graph.integers(1)]);
  const total = graph.add("Sub", [largest(logits), graph.add("Log", [largest(shares)])]);
  return { shares, total };
}

/** Hidden states [N × d] and rows [R × d] → [N × R] */
export function logitsOf(
  graph: GraphBuilder,
  hidden: Value,
  table: Value,
  bias: Value | undefined,
  description: HeadDescription,
  products: ElementType,
): Value {
  const addend = bias === undefined ? [] : [bias];
  return finished(graph, productIn(products, graph, [hidden, table, ...addend], true), description);
}

/** What becomes of products of states and rows. */
export function finished(graph: GraphBuilder, products: Value, { scale, softCap }: HeadDescription): Value {
  let logits = products;
  if (scale !== undefined) logits = graph.add("Mul", [logits, graph.number(scale)]);
  if (softCap !== undefined) {
    const capped = graph.add("Tanh", [graph.add("Div", [logits, graph.number(softCap)])]);
    logits = graph.add("Mul", [capped, graph.number(softCap)]);
  }
  return logits;
}

function constant(
  graph: GraphBuilder,
  { dtype, content }: TableConstant,
  shape: readonly number[],
  type: ElementType,
): Value {
  const stored = graph.external(ELEMENT_OF[dtype], shape, content);
  return ELEMENT_OF[dtype] === type ? stored : graph.cast(stored, type);
}
