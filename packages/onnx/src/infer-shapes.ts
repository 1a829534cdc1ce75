import {
  ELEMENT,
  type ElementType,
  type GraphBuilder,
  type GraphInitializer,
  type GraphNode,
} from "./graph.ts";

/** A size, the name of one that is known when the graph runs, or undefined where nothing is known before. */
export type Dimension = number | string | undefined;
export type Shape = readonly Dimension[];

/**
 * What is known of the shapes of a graph's values before it runs. Of an operator that is not known here the shape is unknown, and so is
 * what depends on it.
 */
export function inferShapes(graph: GraphBuilder): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { name, shape } of [...graph.inputs, ...graph.initializers]) shapes.set(name, shape);
  const constants = new Map(graph.initializers.map((each) => [each.name, each] as const));
  for (const node of graph.nodes) {
    const found = shapesOf(node, {
      shape: (i) => shapes.get(node.inputs[i] ?? ""),
      integers: (i) => integersOf(constants.get(node.inputs[i] ?? "")),
    });
    for (const [i, shape] of found.entries()) {
      if (shape !== undefined) shapes.set(node.outputs[i] as string, shape);
    }
  }
  return shapes;
}

/** The element types of a graph's values. Where no operator says another, it is that of its first input that is a number. */
export function inferTypes(graph: GraphBuilder): ReadonlyMap<string, ElementType> {
  const types = new Map<string, ElementType>();
  for (const { name, type } of [...graph.inputs, ...graph.initializers]) types.set(name, type);
  for (const node of graph.nodes) {
    const type = TYPE_OF[node.operator] ?? typeOf(node, types);
    for (const output of node.outputs) if (type !== undefined) types.set(output, type);
  }
  return types;
}

const TYPE_OF: Readonly<Record<string, ElementType>> = {
  ...{ Shape: "int64", NonZero: "int64", Range: "int64", ConstantOfShape: "float" },
  ...{ Not: "bool", And: "bool", Or: "bool", Equal: "bool", Less: "bool", LessOrEqual: "bool" },
  ...{ Greater: "bool", GreaterOrEqual: "bool" },
};

function typeOf(node: GraphNode, types: ReadonlyMap<string, ElementType>): ElementType | undefined {
  if (node.operator === "Cast") {
    const to = integerAttribute(node, "to", 0);
    return (Object.keys(ELEMENT) as ElementType[]).find((name) => ELEMENT[name] === to);
  }
  return types.get(node.inputs[node.operator === "Where" ? 1 : 0] ?? "");
}

/** The integers of a constant that is kept in the graph itself. */
export function integersOf(constant: GraphInitializer | undefined): readonly number[] | undefined {
  if (constant?.type !== "int64" || !(constant.content instanceof Uint8Array)) return undefined;
  const { buffer, byteOffset, byteLength } = constant.content;
  return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
}

export function integerAttribute({ attributes }: GraphNode, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute !== undefined && "int" in attribute ? attribute.int : otherwise;
}

export function floatAttribute({ attributes }: GraphNode, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute !== undefined && "float" in attribute ? attribute.float : otherwise;
}

interface Inputs {
  shape(i: number): Shape | undefined;
  integers(i: number): readonly number[] | undefined;
}

type ShapeRule = (node: GraphNode, inputs: Inputs) => readonly (Shape | undefined)[];

function shapesOf(node: GraphNode, inputs: Inputs): readonly (Shape | undefined)[] {
  return (SHAPE_RULES[node.operator] ?? nothing)(node, inputs);
}

const nothing: ShapeRule = () => [];
const asFirst: ShapeRule = (_, { shape }) => [shape(0)];
const broadcast: ShapeRule = ({ inputs }, { shape }) => [
  inputs.map((_, i) => shape(i)).reduce((left, right) => left && right && broadcastShape(left, right)),
];

export function broadcastShape(left: Shape, right: Shape): Shape {
  const rank = Math.max(left.length, right.length);
  const at = (shape: Shape, i: number) => (i < rank - shape.length ? 1 : shape[i - rank + shape.length]);
  return Array.from({ length: rank }, (_, i) => {
    const [a, b] = [at(left, i), at(right, i)];
    if (a === 1) return b;
    return b === 1 || typeof a === "number" ? a : (b ?? a);
  });
}

const SHAPE_RULES: Readonly<Record<string, ShapeRule>> = {
  ...Object.fromEntries(
    [
      ...["Identity", "Cast", "Clip", "Erf", "Exp", "Floor", "Gelu", "Log", "Neg", "Not", "Relu", "Sigmoid"],
      ...["Sqrt", "Tanh"],
      ...["Softmax", "RMSNormalization", "LayerNormalization", "RotaryEmbedding", "ScatterElements"],
      ...["ScatterND", "Trilu"],
    ].map((operator) => [operator, asFirst] as const),
  ),
  ...Object.fromEntries(
    [
      "Add",
      "Sub",
      "Mul",
      "Div",
      "Where",
      "And",
      "Or",
      "LessOrEqual",
      "GreaterOrEqual",
      "Less",
      "Greater",
    ].map((operator) => [operator, broadcast] as const),
  ),
  Gemm(node, { shape }) {
    const [left, right] = [shape(0), shape(1)];
    const rows = left?.[integerAttribute(node, "transA", 0)];
    return [[rows, right?.[1 - integerAttribute(node, "transB", 0)]]];
  },
  MatMul(_, { shape }) {
    const [left, right] = [shape(0), shape(1)];
    if (left === undefined || right === undefined) return [];
    const leading = broadcastShape(left.slice(0, -2), right.slice(0, -2));
    return [[...leading, left.at(-2), right.at(-1)]];
  },
  Reshape(_, { shape, integers }) {
    const [from, to] = [shape(0), integers(1)];
    if (to === undefined) return [unknowns(shape(1)?.[0])];
    const sizes = to.map((size, i) => (size === 0 ? from?.[i] : size === -1 ? undefined : size));
    const free = to.indexOf(-1);
    if (free === -1 || from === undefined) return [sizes];
    return [sizes.with(free, remaining(from, sizes.toSpliced(free, 1)))];
  },
  Transpose({ attributes }, { shape }) {
    const from = shape(0);
    const perm =
      attributes.perm !== undefined && "ints" in attributes.perm ? attributes.perm.ints : undefined;
    return [perm ? perm.map((i) => from?.[i]) : from?.toReversed()];
  },
  Split(node, { shape, integers }) {
    const from = shape(0);
    if (from === undefined) return [];
    const axis = placeOf(integerAttribute(node, "axis", 0), from);
    const whole = from[axis];
    const equal = typeof whole === "number" ? whole / node.outputs.length : undefined;
    return node.outputs.map((_, i) => from.with(axis, integers(1)?.[i] ?? equal));
  },
  Concat(node, { shape }) {
    const all = node.inputs.map((_, i) => shape(i));
    const first = all.find((each) => each !== undefined);
    if (first === undefined) return [];
    const axis = placeOf(integerAttribute(node, "axis", 0), first);
    const sizes = all.map((each) => each?.[axis]);
    const isKnown = sizes.every((size) => typeof size === "number");
    return [first.with(axis, isKnown ? sizes.reduce((a, b) => a + b) : undefined)];
  },
  Slice(_, { shape, integers }) {
    const from = shape(0);
    if (from === undefined) return [];
    const [starts, ends] = [integers(1), integers(2)];
    const axes = (integers(3) ?? Array.from(from.keys())).map((axis) => placeOf(axis, from));
    const sizeOf = (size: Dimension, i: number) => {
      const [start, end] = [starts?.[axes.indexOf(i)], ends?.[axes.indexOf(i)]];
      if (typeof size !== "number" || start === undefined || end === undefined) return undefined;
      return start >= 0 && end >= start ? Math.min(end, size) - Math.min(start, size) : undefined;
    };
    return [from.map((size, i) => (axes.includes(i) ? sizeOf(size, i) : size))];
  },
  Gather(node, { shape }) {
    const [data, indices] = [shape(0), shape(1)];
    if (data === undefined || indices === undefined) return [];
    return [data.toSpliced(placeOf(integerAttribute(node, "axis", 0), data), 1, ...indices)];
  },
  GatherElements: (_, { shape }) => [shape(1)],
  GatherND(_, { shape }) {
    const [data, indices] = [shape(0), shape(1)];
    const depth = indices?.at(-1);
    if (data === undefined || indices === undefined || typeof depth !== "number") return [];
    return [[...indices.slice(0, -1), ...data.slice(depth)]];
  },
  Unsqueeze(_, { shape, integers }) {
    const [from, axes] = [shape(0), integers(1)];
    if (from === undefined || axes === undefined) return [];
    const left = [...from];
    const rank = from.length + axes.length;
    return [Array.from({ length: rank }, (__, i) => (axes.includes(i) ? 1 : left.shift()))];
  },
  ReduceSum: reduced,
  ReduceMean: reduced,
  Tile(_, { shape, integers }) {
    const repeats = integers(1);
    return [
      shape(0)?.map((size, i) =>
        repeats?.[i] === 1
          ? size
          : typeof size === "number"
            ? size * (repeats?.[i] ?? Number.NaN)
            : undefined,
      ),
    ];
  },
  Expand: (_, { shape, integers }) => [integers(1) ?? unknowns(shape(1)?.[0])],
  ConstantOfShape: (_, { shape, integers }) => [integers(0) ?? unknowns(shape(0)?.[0])],
  Shape: (_, { shape }) => [[shape(0)?.length]],
  Range: () => [[undefined]],
  NonZero: (_, { shape }) => [[shape(0)?.length, undefined]],
  TopK(node, { shape, integers }) {
    const from = shape(0);
    if (from === undefined) return [];
    const kept = from.with(placeOf(integerAttribute(node, "axis", -1), from), integers(1)?.[0]);
    return [kept, kept];
  },
  Attention: (_, { shape }) => [shape(0)?.with(-1, undefined)],
};

function reduced(node: GraphNode, { shape, integers }: Inputs): readonly (Shape | undefined)[] {
  const [from, axes] = [shape(0), integers(1)];
  if (from === undefined || axes === undefined) return [];
  const places = axes.map((axis) => placeOf(axis, from));
  const keeps = integerAttribute(node, "keepdims", 1) === 1;
  return [from.flatMap((size, i) => (places.includes(i) ? (keeps ? [1] : []) : [size]))];
}

export function placeOf(axis: number, shape: Shape): number {
  return axis < 0 ? axis + shape.length : axis;
}

function unknowns(rank: Dimension): Shape | undefined {
  return typeof rank === "number" ? new Array<Dimension>(rank).fill(undefined) : undefined;
}

/** The size that −1 stands for, where it is known. */
function remaining(from: Shape, others: Shape): Dimension {
  const left = [...from];
  for (const size of others) {
    const at = left.indexOf(size);
    if (at !== -1) left.splice(at, 1);
    else return productOf(from, others);
  }
  return left.length === 1 ? left[0] : productOf(left, []);
}

function productOf(from: Shape, others: Shape): Dimension {
  const product = (shape: Shape) =>
    shape.reduce<number>((sum, size) => sum * (typeof size === "number" ? size : Number.NaN), 1);
  const size = product(from) / product(others);
  return Number.isNaN(size) ? undefined : size;
}
