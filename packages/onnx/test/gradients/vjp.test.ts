import { describe, expect, it } from "vitest";
import { ONE_BLOCK, type QueryBlocks } from "../../src/attention-blocks.ts";
import { vjp } from "../../src/gradients/vjp.ts";
import { GraphBuilder, type Value } from "../../src/graph.ts";
import { inferShapes } from "../../src/infer-shapes.ts";
import { loadOnnxRuntime } from "../../src/load-onnxruntime.ts";
import type { TensorData } from "../../src/onnx-runtime.ts";
import { openSession } from "../../src/open-session.ts";
import { spellCausalAttention } from "../../src/spell-causal-attention.ts";

interface Operand {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface Case {
  readonly name: string;
  /** Shapes of the inputs that gradients are wanted for. */
  readonly inputs: readonly (readonly number[])[];
  readonly build: (graph: GraphBuilder, inputs: readonly Value[]) => Value;
  /** Moves what was drawn away from where the slope jumps. */
  readonly prepare?: (value: number) => number;
}

const apply =
  (operator: string, attributes: Parameters<GraphBuilder["add"]>[2] = {}) =>
  (graph: GraphBuilder, inputs: readonly Value[]) =>
    graph.add(operator, inputs, attributes);

const awayFromZero = (value: number) => value + Math.sign(value) * 0.1;

/** Attention of two sequences of 5 positions: 4 heads of width 6, keys and values of as many heads as given. */
function attentionCase(
  name: string,
  keyHeads: number,
  attributes: Parameters<GraphBuilder["add"]>[2],
  mask?: (graph: GraphBuilder) => Value,
): Case {
  return {
    name: `Attention, ${name}`,
    inputs: [
      [2, 5, 24],
      [2, 5, 6 * keyHeads],
      [2, 5, 6 * keyHeads],
    ],
    build: (graph, inputs) =>
      graph.add("Attention", [...inputs, mask?.(graph) ?? ""], {
        q_num_heads: { int: 4 },
        kv_num_heads: { int: keyHeads },
        scale: { float: 0.4 },
        ...attributes,
      }),
  };
}

const truths = (graph: GraphBuilder) =>
  graph.add("GreaterOrEqual", [
    graph.numbers(
      Array.from({ length: 50 }, (_, i) => (i % 5 <= Math.floor((i % 25) / 5) ? 1 : 0)),
      [2, 1, 5, 5],
    ),
    graph.number(0.5),
  ]);
const slopes = (graph: GraphBuilder) =>
  graph.numbers(
    Array.from({ length: 100 }, (_, i) => -0.1 * (i % 7)),
    [4, 5, 5],
  );

const CASES: readonly Case[] = [
  { name: "Add, one of them repeated", inputs: [[3, 4], [4]], build: apply("Add") },
  {
    name: "Add, of columns",
    inputs: [
      [3, 1],
      [3, 4],
    ],
    build: apply("Add"),
  },
  {
    name: "Sub",
    inputs: [
      [3, 4],
      [1, 4],
    ],
    build: apply("Sub"),
  },
  {
    name: "Mul",
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
    build: apply("Mul"),
  },
  { name: "Mul with itself", inputs: [[3, 4]], build: (graph, [x]) => graph.add("Mul", [x, x]) },
  {
    name: "Div",
    inputs: [
      [3, 4],
      [3, 1],
    ],
    build: apply("Div"),
    prepare: (value) => 1.5 + value / 3,
  },
  { name: "Neg", inputs: [[3]], build: apply("Neg") },
  { name: "Identity", inputs: [[3]], build: apply("Identity") },
  { name: "Sigmoid", inputs: [[3, 4]], build: apply("Sigmoid") },
  { name: "Tanh", inputs: [[3, 4]], build: apply("Tanh") },
  { name: "Relu", inputs: [[3, 4]], build: apply("Relu"), prepare: awayFromZero },
  { name: "Gelu", inputs: [[3, 4]], build: apply("Gelu") },
  { name: "Gelu by a tanh", inputs: [[3, 4]], build: apply("Gelu", { approximate: { string: "tanh" } }) },
  { name: "Softmax", inputs: [[3, 4]], build: apply("Softmax", { axis: { int: 1 } }) },
  {
    name: "Clip, both sides and one",
    inputs: [[5, 5]],
    build: (graph, [x]) =>
      graph.add("Clip", [graph.add("Clip", [x, graph.number(-1), graph.number(1)]), "", graph.number(0.5)]),
  },
  {
    name: "Silu: a value used twice",
    inputs: [[3, 4]],
    build: (graph, [x]) => graph.add("Mul", [x, graph.add("Sigmoid", [x])]),
  },
  ...[
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ].map(
    ([a, b]): Case => ({
      name: `Gemm, transposed ${a} ${b}`,
      inputs: [a ? [4, 3] : [3, 4], b ? [2, 4] : [4, 2], [2]],
      build: apply("Gemm", { transA: { int: a }, transB: { int: b } }),
    }),
  ),
  {
    name: "MatMul",
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
    build: apply("MatMul"),
  },
  {
    name: "MatMul, repeated batches",
    inputs: [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    build: apply("MatMul"),
  },
  {
    name: "Reshape",
    inputs: [[2, 6]],
    build: (graph, [x]) => graph.add("Reshape", [x, graph.integers(0, 2, -1)]),
  },
  {
    name: "Unsqueeze",
    inputs: [[2, 6]],
    build: (graph, [x]) => graph.add("Unsqueeze", [x, graph.integers(1)]),
  },
  { name: "Transpose", inputs: [[2, 3, 4]], build: apply("Transpose", { perm: { ints: [2, 0, 1] } }) },
  {
    name: "Split, of which one part is used",
    inputs: [[3, 5]],
    build: (graph, [x]) =>
      graph.addMany("Split", [x, graph.integers(2, 2, 1)], { axis: { int: 1 } }, 3)[1] as Value,
  },
  {
    name: "Concat",
    inputs: [
      [3, 2],
      [3, 4],
    ],
    build: apply("Concat", { axis: { int: -1 } }),
  },
  {
    name: "Slice",
    inputs: [[4, 5]],
    build: (graph, [x]) =>
      graph.add("Slice", [x, graph.integers(1), graph.integers(2 ** 31), graph.integers(1)]),
  },
  {
    name: "Tile",
    inputs: [[3, 1, 2]],
    build: (graph, [x]) => graph.add("Tile", [x, graph.integers(1, 4, 1)]),
  },
  {
    name: "ReduceSum",
    inputs: [[3, 4]],
    build: (graph, [x]) => graph.add("ReduceSum", [x, graph.integers(1)], { keepdims: { int: 0 } }),
  },
  {
    name: "Where",
    inputs: [[3, 4], [4]],
    build: (graph, [x, y]) =>
      graph.add("Where", [graph.add("Greater", [x, graph.number(9)]), x, graph.add("Mul", [x, y])]),
  },
  {
    name: "Gather, a place twice",
    inputs: [[3, 4]],
    build: (graph, [x]) => graph.add("Gather", [x, graph.integers(2, 0, 2)], { axis: { int: 1 } }),
  },
  {
    name: "GatherElements and ScatterElements",
    inputs: [[2, 4]],
    build(graph, [x]) {
      const places = graph.add("Reshape", [graph.integers(3, 1, 0, 2), graph.integers(2, 2)]);
      const chosen = graph.add("GatherElements", [x, places], { axis: { int: 1 } });
      const doubled = graph.add("Mul", [chosen, chosen]);
      return graph.add("ScatterElements", [x, places, doubled], { axis: { int: 1 } });
    },
  },
  {
    name: "GatherND and ScatterND",
    inputs: [[4, 3]],
    build(graph, [x]) {
      const places = graph.add("Reshape", [graph.integers(3, 1), graph.integers(2, 1)]);
      const chosen = graph.add("Tanh", [graph.add("GatherND", [x, places])]);
      return graph.add("ScatterND", [x, places, chosen], { reduction: { string: "add" } });
    },
  },
  {
    name: "RMSNormalization",
    inputs: [[3, 6]],
    build: (graph, [x]) =>
      graph.add("RMSNormalization", [x, graph.numbers([1, 2, -1, 0.5, 1, 3], [6])], {
        axis: { int: -1 },
        epsilon: { float: 0.01 },
      }),
  },
  {
    name: "LayerNormalization",
    inputs: [[3, 6]],
    build: (graph, [x]) =>
      graph.add("LayerNormalization", [x, graph.numbers([1, 2, -1, 0.5, 1, 3], [6])], {
        axis: { int: -1 },
        epsilon: { float: 0.01 },
      }),
  },
  ...[0, 1].map(
    (interleaved): Case => ({
      name: `RotaryEmbedding, ${interleaved ? "neighbours" : "halves"}, of a part of the columns`,
      inputs: [[1, 2, 12]],
      build: (graph, [x]) =>
        graph.add(
          "RotaryEmbedding",
          [x, graph.numbers([0.8, 0.1, 0.5, 0.9], [1, 2, 2]), graph.numbers([0.6, 1, -0.8, 0.4], [1, 2, 2])],
          { num_heads: { int: 2 }, rotary_embedding_dim: { int: 4 }, interleaved: { int: interleaved } },
        ),
    }),
  ),
  attentionCase("causal", 4, { is_causal: { int: 1 } }),
  attentionCase("that sees all", 4, {}),
  attentionCase("grouped heads", 2, { is_causal: { int: 1 } }),
  attentionCase("a soft cap", 2, { is_causal: { int: 1 }, softcap: { float: 1.5 } }),
  attentionCase("a mask of truths", 2, {}, truths),
  attentionCase("numbers added to the scores", 4, {}, slopes),
  {
    name: "Attention, by what is added to its scores",
    inputs: [
      [1, 3, 4],
      [2, 3, 3],
    ],
    build: (graph, [x, mask]) =>
      graph.add("Attention", [x, x, x, mask], {
        q_num_heads: { int: 2 },
        kv_num_heads: { int: 2 },
        scale: { float: 0.5 },
      }),
  },
  {
    name: "Attention with a position before all others",
    inputs: [[1, 3, 4]],
    build(graph, [x]) {
      const empty = graph.numbers(Array<number>(4).fill(0), [1, 2, 1, 2]);
      const mask = graph.numbers(
        Array.from({ length: 24 }, (_, i) => (i % 4) / 5),
        [1, 2, 3, 4],
      );
      const heads = { q_num_heads: { int: 2 }, kv_num_heads: { int: 2 }, scale: { float: 0.5 } };
      return graph.addMany("Attention", [x, x, x, mask, empty, empty], heads, 3)[0] as Value;
    },
  },
];

const ATTENTION = CASES.filter(({ name }) => name.startsWith("Attention"));
const CAUSAL = ATTENTION.filter(({ name }) => /causal|grouped heads|soft cap/.test(name));
/** Two at a time, and the rest. */
const pairsOfQueries = ({ inputs }: Case): QueryBlocks => ({
  queries: 2,
  count: Math.ceil((inputs[0]?.[1] ?? 0) / 2),
});

describe("causal attention that is spelled out is the runtime's own", () => {
  it.each(
    CAUSAL.flatMap((example) =>
      [ONE_BLOCK, pairsOfQueries(example)].map((blocks) => ({ ...example, blocks })),
    ),
  )("$name, $blocks.count blocks", async ({ inputs, build, blocks }) => {
    const operands = inputs.map((shape, i) => drawn(shape, i + 1, (value) => value));
    const [own] = await run(operands, (graph, values) => [build(graph, values)]);
    const [spelled] = await run(operands, (graph, values) => {
      const y = build(graph, values);
      spellCausalAttention(graph, blocks);
      expect(graph.nodes.map(({ operator }) => operator)).not.toContain("Attention");
      return [y];
    });
    expect(spelled.shape).toEqual(own.shape);
    for (const [i, value] of own.data.entries()) expect(spelled.data[i]).toBeCloseTo(value, 5);
  });

  it("is refused where keys and values are given on", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x", "float", [1, 3, 4]);
    const heads = {
      ...{ q_num_heads: { int: 2 }, kv_num_heads: { int: 2 } },
      ...{ scale: { float: 0.5 }, is_causal: { int: 1 } },
    };
    const [, key] = graph.addMany("Attention", [x, x, x], heads, 3);
    graph.add("Neg", [key as Value]);
    expect(() => spellCausalAttention(graph, ONE_BLOCK)).toThrow("gives its keys and values");
  });
});

describe("the gradient of an operator is what small changes of its inputs make", () => {
  it.each(CASES)("$name", (example) => expectGradients(example, ONE_BLOCK));

  it.each(ATTENTION)("$name, some queries at a time", (example) =>
    expectGradients(example, pairsOfQueries(example)),
  );

  it("is refused by name for an operator that has none", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x", "float", [2]);
    const y = graph.add("Celu", [x]);
    expect(() => vjp(graph, new Map([[y, x]]), [x])).toThrow("the operator Celu has no gradient here");
  });

  it("is not there by what nothing depends on, or depends on in steps alone", () => {
    const graph = new GraphBuilder();
    const [x, z] = [graph.input("x", "float", [2]), graph.input("z", "float", [2])];
    const y = graph.add("Mul", [x, graph.add("ConstantOfShape", [graph.add("Shape", [z])])]);
    expect([...vjp(graph, new Map([[y, x]]), [x, z]).keys()]).toEqual([x]);
  });
});

async function expectGradients(
  { inputs, build, prepare = (value) => value }: Case,
  queryBlocks: QueryBlocks,
): Promise<void> {
  const operands = inputs.map((shape, i) => drawn(shape, i + 1, prepare));
  const y = await run(operands, (graph, values) => [build(graph, values)]);
  const v = drawn(y[0].shape, 99, (value) => value);
  const gradients = await run([...operands, v], (graph, values) => {
    const own = values.slice(0, -1);
    const found = vjp(graph, new Map([[build(graph, own), values.at(-1) as Value]]), own, queryBlocks);
    return own.map((value) => found.get(value) as Value);
  });
  for (const [i, operand] of operands.entries()) {
    expect(gradients[i].shape).toEqual(operand.shape);
    const expected = await differences(operands, i, build, v.data);
    const largest = Math.max(...expected.map(Math.abs));
    for (const [j, value] of expected.entries()) {
      expect(Math.abs(gradients[i].data[j] - value), `input ${i}, value ${j}: ${value}`).toBeLessThan(
        3e-3 * largest + 1e-5,
      );
    }
  }
}

const STEP = 0.01;

/** By central differences of Σ v · y. */
async function differences(
  operands: readonly Operand[],
  which: number,
  build: Case["build"],
  v: Float32Array,
): Promise<number[]> {
  const session = await opened(operands, (graph, values) => [build(graph, values)]);
  const sumAt = async (place: number, step: number) => {
    const data = operands[which].data.slice();
    data[place] += step;
    const [y] = await session.run(operands.with(which, { ...operands[which], data }));
    return y.data.reduce((sum, value, i) => sum + value * v[i], 0);
  };
  const found: number[] = [];
  for (const place of operands[which].data.keys()) {
    found.push(((await sumAt(place, STEP)) - (await sumAt(place, -STEP))) / (2 * STEP));
  }
  await session.release();
  return found;
}

type Build = (graph: GraphBuilder, inputs: readonly Value[]) => readonly Value[];

async function run(operands: readonly Operand[], build: Build): Promise<Operand[]> {
  const session = await opened(operands, build);
  const given = await session.run(operands);
  await session.release();
  return given;
}

async function opened(operands: readonly Operand[], build: Build) {
  const graph = new GraphBuilder();
  const inputs = operands.map(({ shape }, i) => graph.input(`x${i}`, "float", shape));
  const outputs = build(graph, inputs);
  const known = inferShapes(graph);
  for (const [i, output] of outputs.entries()) {
    // of a gradient the shape is that of its input
    const shape = known.get(output) ?? operands[i].shape;
    graph.output(
      `y${i}`,
      "float",
      shape.map((size, axis) => size ?? `size ${i} ${axis}`),
      output,
    );
  }
  const session = await openSession(graph, { directory: ".", threads: 1 });
  const { Tensor } = await loadOnnxRuntime();
  return {
    async run(given: readonly Operand[]): Promise<Operand[]> {
      const feeds = given.map(({ shape, data }, i) => [`x${i}`, new Tensor("float32", data, shape)] as const);
      const results = await session.run(Object.fromEntries(feeds));
      return outputs.map((_, i) => {
        const { dims, data } = results[`y${i}`];
        return { shape: [...dims], data: Float32Array.from(data as Exclude<TensorData, BigInt64Array>) };
      });
    },
    release: () => session.release(),
  };
}

/** Numbers from about −2 to 2, the same each time. */
function drawn(shape: readonly number[], seed: number, prepare: (value: number) => number): Operand {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, (_, i) => prepare(2 * Math.sin((i + 1) * 12.9898 * seed)));
  return { shape, data };
}
