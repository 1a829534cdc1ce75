/** ONNX element types, under the numbers of TensorProto.DataType. */
export const ELEMENT = {
  float: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;
export type ElementType = keyof typeof ELEMENT;

/** A value of a graph, by its name. */
export type Value = string & { readonly __value: unique symbol };

export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string };

export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: its bytes in the model, or a range of a file beside it. */
export interface GraphInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly content: Uint8Array | ExternalData;
}

export interface ExternalData {
  /** Relative to the folder in the session's options. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface GraphPort {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes; a name stands for one that is known when the graph runs. */
  readonly shape: readonly (number | string)[];
}

/** A graph as it is written. */
export type Graph = Pick<GraphBuilder, "nodes" | "initializers" | "inputs" | "outputs">;

/** Collects the nodes of an ONNX graph; each call names its result, which later calls take as input. */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly initializers: GraphInitializer[] = [];
  readonly inputs: GraphPort[] = [];
  readonly outputs: GraphPort[] = [];
  #count = 0;
  readonly #known = new Map<string, Value>();

  input(name: string, type: ElementType, shape: readonly (number | string)[]): Value {
    if (!this.inputs.some((port) => port.name === name)) this.inputs.push({ name, type, shape });
    return name as Value;
  }

  /** `value` becomes an output called `name`. */
  output(name: string, type: ElementType, shape: readonly (number | string)[], value: Value): void {
    this.nodes.push({ operator: "Identity", inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, type, shape });
  }

  /** Adds an operator of the standard set with one result; "" leaves an optional input out. */
  add(
    operator: string,
    inputs: readonly (Value | "")[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.addMany(operator, inputs, attributes, 1)[0] as Value;
  }

  /** Adds an operator with `count` results. */
  addMany(
    operator: string,
    inputs: readonly (Value | "")[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): Value[] {
    const outputs = Array.from({ length: count }, () => this.#name("v"));
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** A constant kept in the model itself: for sizes and single numbers. */
  integers(...values: readonly number[]): Value {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`i:${values}`, { type: "int64", shape: [values.length], content: bytes });
  }

  integer(value: number): Value {
    const bytes = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    return this.#constant(`n:${value}`, { type: "int64", shape: [], content: bytes });
  }

  /** Few numbers, [shape]. */
  numbers(values: readonly number[], shape: readonly number[]): Value {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    return this.#constant(`s:${shape}:${values}`, { type: "float", shape, content: bytes });
  }

  number(value: number): Value {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    return this.#constant(`f:${value}`, { type: "float", shape: [], content: bytes });
  }

  /** A constant that stays in its file. */
  external(type: ElementType, shape: readonly number[], content: ExternalData): Value {
    const { location, offset } = content;
    return this.#constant(`x:${location}:${offset}:${shape}`, { type, shape, content });
  }

  /**
   * A value in another type; the same conversion is added once. Runtimes fold that of a constant, so it is done once, when the model
   * is loaded.
   */
  cast(value: Value, type: ElementType): Value {
    const key = `cast:${value}:${type}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const cast = this.add("Cast", [value], { to: { int: ELEMENT[type] } });
    this.#known.set(key, cast);
    return cast;
  }

  /** A vector of the same number, such as the weight of a norm that has none. */
  filled(length: number, value: number): Value {
    const bytes = new Uint8Array(new Float32Array(length).fill(value).buffer);
    return this.#constant(`v:${length}:${value}`, { type: "float", shape: [length], content: bytes });
  }

  /** The graph without what no output depends on. */
  pruned(): GraphBuilder {
    const needed = new Set(this.outputs.map(({ name }) => name));
    const nodes = this.nodes.toReversed().filter(({ inputs, outputs }) => {
      if (!outputs.some((output) => needed.has(output))) return false;
      for (const input of inputs) needed.add(input);
      return true;
    });
    const kept = new GraphBuilder();
    kept.nodes.push(...nodes.reverse());
    kept.initializers.push(...this.initializers.filter(({ name }) => needed.has(name)));
    kept.inputs.push(...this.inputs.filter(({ name }) => needed.has(name)));
    kept.outputs.push(...this.outputs);
    return kept;
  }

  /** The graph that is given a value, as an input of that name, where this one computes it; what only that needed is gone. */
  given(name: string, type: ElementType, shape: readonly (number | string)[], value: Value): GraphBuilder {
    const taking = new GraphBuilder();
    const identity = { operator: "Identity", inputs: [name], outputs: [value], attributes: {} };
    const others = this.nodes.filter(({ outputs }) => !outputs.includes(value));
    taking.nodes.push(identity, ...others);
    taking.initializers.push(...this.initializers);
    taking.inputs.push(...this.inputs, { name, type, shape });
    taking.outputs.push(...this.outputs);
    return taking.pruned();
  }

  /** The same constant is kept once. */
  #constant(key: string, initializer: Omit<GraphInitializer, "name">): Value {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#name("c");
    this.initializers.push({ name, ...initializer });
    this.#known.set(key, name);
    return name;
  }

  #name(kind: string): Value {
    this.#count++;
    return `${kind}${this.#count}` as Value;
  }
}
