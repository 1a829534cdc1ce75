import { type ExternalData, GraphBuilder, type Value } from "@revocab/onnx";
import type { HeadDescription } from "../description.ts";
import { finished, logitsOf, normalized } from "./build-head.ts";

export const HEAD_GRADIENT_PORTS = {
  /** [N × d] */
  hidden: "hidden",
  /** [N × d] the row of each position's target, and [N × 1] its bias */
  own: "own",
  ownBias: "own.bias",
  /** [R × d] rows of the head's table that learn, and [R] of its bias */
  learning: "learning",
  learningBias: "learning.bias",
  /** [F × d] rows that do not, and [F] of its bias */
  fixed: "fixed",
  fixedBias: "fixed.bias",
  /** [N × 1] what the loss of each position counts in the gradients */
  weights: "weights",
  /** [N × 1] −ln p of the target */
  loss: "loss",
  /** [N × d] the gradient of the weighted sum of the losses by the hidden states */
  byHidden: "gradient.hidden",
  /** [R × d] that by the rows through log Σ exp alone */
  byLearning: "gradient.learning",
  /** [N × d] that by the row of each target through its own logit alone */
  byOwn: "gradient.own",
} as const;

/** What a head's table is made of. */
export interface HeadParts {
  /** Rows that do not learn; none where 0. */
  readonly fixedRows: number;
  readonly hasBias: boolean;
  /** Where the rows that do not learn are, as a constant; without it they are an input. */
  readonly fixed?: ExternalData;
}

/**
 * The cross-entropy of each position's target, log Σ exp of all logits less that of the target, and its gradients. Each of the two parts
 * of the table has its own softmax, and the parts are weighed afterwards: what has the size [N × rows] is there as logits and as shares,
 * and never copied.
 * @param result the losses alone, or the gradients, too
 */
export function buildHeadGradient(
  width: number,
  { fixedRows, hasBias, fixed }: HeadParts,
  description: HeadDescription,
  result: "losses" | "gradients",
): GraphBuilder {
  const ports = HEAD_GRADIENT_PORTS;
  const graph = new GraphBuilder();
  const hidden = graph.input(ports.hidden, "float", ["N", width]);
  const biasOf = (port: string, rows: string | number) =>
    hasBias ? graph.input(port, "float", [rows]) : undefined;
  const learningRows = graph.input(ports.learning, "float", ["R", width]);
  const parts = [partOf(graph, hidden, learningRows, biasOf(ports.learningBias, "R"), description)];
  if (fixedRows > 0) {
    const shape = [fixedRows, width] as const;
    const rows =
      fixed === undefined ? graph.input(ports.fixed, "float", shape) : graph.external("float", shape, fixed);
    parts.push(partOf(graph, hidden, rows, biasOf(ports.fixedBias, fixedRows), description));
  }
  const total = parts.map((part) => part.total).reduce((left, right) => logAdd(graph, left, right));

  const own = graph.input(ports.own, "float", ["N", width]);
  const product = graph.add("ReduceSum", [graph.add("Mul", [hidden, own]), graph.integers(1)]);
  const biased = hasBias
    ? graph.add("Add", [product, graph.input(ports.ownBias, "float", ["N", 1])])
    : product;
  const ofTarget = finished(graph, biased, description);
  graph.output(ports.loss, "float", ["N", 1], graph.add("Sub", [total, ofTarget]));
  if (result === "losses") return graph;

  const weights = graph.input(ports.weights, "float", ["N", 1]);
  const ofOwn = graph.add("Neg", [graph.add("Mul", [slopeOf(graph, ofTarget, description), weights])]);
  const scale = graph.add("Mul", [weights, graph.number(description.scale ?? 1)]);
  const byParts = parts.map((part) => {
    const share = graph.add("Exp", [graph.add("Sub", [part.total, total])]);
    const weight = graph.add("Mul", [share, scale]);
    const byHidden = graph.add("Mul", [graph.add("MatMul", [part.slopes, part.table]), weight]);
    return { weight, byHidden };
  });
  const byOwn = graph.add("Mul", [own, ofOwn]);
  const byHidden = byParts.reduce((sum, part) => graph.add("Add", [sum, part.byHidden]), byOwn);
  const weighed = graph.add("Mul", [hidden, byParts[0].weight]);
  const byLearning = graph.add("Gemm", [parts[0].slopes, weighed], { transA: { int: 1 } });

  graph.output(ports.byHidden, "float", ["N", width], byHidden);
  graph.output(ports.byLearning, "float", ["R", width], byLearning);
  graph.output(ports.byOwn, "float", ["N", width], graph.add("Mul", [hidden, ofOwn]));
  return graph;
}

/** Some rows of the table. */
interface PartOfHead {
  readonly table: Value;
  /** [N × 1] log Σ exp of their logits */
  readonly total: Value;
  /** [N × rows] the gradient of that by the products, but for the scale of the logits */
  readonly slopes: Value;
}

function partOf(
  graph: GraphBuilder,
  hidden: Value,
  table: Value,
  bias: Value | undefined,
  description: HeadDescription,
): PartOfHead {
  const logits = logitsOf(graph, hidden, table, bias, description, "float");
  const { shares, total } = normalized(graph, logits);
  if (description.softCap === undefined) return { table, total, slopes: shares };
  return { table, total, slopes: graph.add("Mul", [shares, capSlope(graph, logits, description.softCap)]) };
}

/** The change of a logit with its product, [N × 1]. */
function slopeOf(graph: GraphBuilder, logits: Value, { scale, softCap }: HeadDescription): Value {
  const ofScale = graph.number(scale ?? 1);
  if (softCap === undefined) {
    return graph.add("Expand", [ofScale, graph.add("Shape", [logits])]);
  }
  return graph.add("Mul", [capSlope(graph, logits, softCap), ofScale]);
}

/** y = c · tanh(x / c): 1 − (y / c)² */
function capSlope(graph: GraphBuilder, logits: Value, softCap: number): Value {
  const share = graph.add("Div", [logits, graph.number(softCap)]);
  return graph.add("Sub", [graph.number(1), graph.add("Mul", [share, share])]);
}

/** log(exp a + exp b), [N × 1] */
function logAdd(graph: GraphBuilder, a: Value, b: Value): Value {
  const most = graph.add("Max", [a, b]);
  const part = (value: Value) => graph.add("Exp", [graph.add("Sub", [value, most])]);
  return graph.add("Add", [most, graph.add("Log", [graph.add("Add", [part(a), part(b)])])]);
}
