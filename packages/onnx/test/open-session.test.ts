import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GraphBuilder, loadOnnxRuntime, type OnnxRuntime, openSession } from "@revocab/onnx";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it, vi } from "vitest";

const scratch = scratchFolders();

/** [rows × 3] · [3 × 2] + 1, with the matrix in a file. */
function sumOfProducts(): GraphBuilder {
  const graph = new GraphBuilder();
  const left = graph.input("left", "float", ["rows", 3]);
  const right = graph.external("float", [3, 2], { location: "weights", offset: 4, length: 24 });
  const product = graph.add("MatMul", [left, right]);
  graph.output("sum", "float", ["rows", 2], graph.add("Add", [product, graph.number(1)]));
  return graph;
}

/** The native runtime with the limits of onnxruntime-web 1.30. */
function likeWeb({ InferenceSession, Tensor }: OnnxRuntime) {
  return {
    env: { wasm: {} },
    Tensor,
    InferenceSession: {
      async create(model: Uint8Array, { executionProviders, extra, ...options }: Record<string, unknown>) {
        expect(executionProviders).toEqual(["wasm"]);
        expect(JSON.stringify(extra)).not.toContain("folder");
        const session = await InferenceSession.create(model, options);
        return {
          inputNames: session.inputNames,
          outputNames: session.outputNames,
          run: (feeds: Parameters<typeof session.run>[0]) => session.run(feeds),
          release: () => session.release(),
        };
      },
    },
  };
}

describe("a graph", () => {
  it("runs as it was built: [2 × 3] · [3 × 2] + 1", async () => {
    const weights = new Uint8Array(Float32Array.of(-1, 1, 2, 3, 4, 5, 6).buffer);
    const session = await openSession(sumOfProducts(), {
      directory: ".",
      buffers: new Map([["weights", weights]]),
      threads: 1,
    });
    const { Tensor } = await loadOnnxRuntime();
    const { sum } = await session.run({
      left: new Tensor("float32", Float32Array.of(1, 0, 0, 1, 1, 1), [2, 3]),
    });
    expect(sum.dims).toEqual([2, 2]);
    expect(Array.from(sum.data as Float32Array)).toEqual([2, 3, 10, 13]);
    await session.release();
  });

  it("with an operator the runtime does not know is refused with the operator's name", async () => {
    const graph = new GraphBuilder();
    const input = graph.input("x", "float", [1]);
    graph.output("y", "float", [1], graph.add("NoSuchOperator", [input]));
    await expect(openSession(graph, { directory: "." })).rejects.toMatchObject({
      code: "unsupported_checkpoint",
      message: expect.stringContaining("NoSuchOperator"),
    });
  });
});

describe("a machine without the runtime", () => {
  it("is told how to install it", async () => {
    vi.doMock("onnxruntime-node", () => {
      throw new Error("Cannot find package 'onnxruntime-node'");
    });
    vi.resetModules();
    const fresh = await import("../src/load-onnxruntime.ts");
    await expect(fresh.loadOnnxRuntime()).rejects.toMatchObject({
      code: "missing_dependency",
      hint: expect.stringContaining("npm install onnxruntime-node"),
    });
    vi.doUnmock("onnxruntime-node");
  });

  it("takes onnxruntime-web, which opens no file and fills no tensor that it is given", async () => {
    const native = await loadOnnxRuntime();
    vi.doMock("onnxruntime-node", () => {
      throw new Error("Cannot find package 'onnxruntime-node'");
    });
    vi.doMock("onnxruntime-web", () => ({ default: likeWeb(native) }));
    vi.resetModules();
    const fresh = await import("../src/load-onnxruntime.ts");
    const { openSession: open } = await import("../src/open-session.ts");
    const { kind, Tensor } = await fresh.loadOnnxRuntime();
    expect(kind).toBe("wasm");
    const directory = scratch();
    writeFileSync(join(directory, "weights"), new Uint8Array(Float32Array.of(-1, 1, 2, 3, 4, 5, 6).buffer));
    // the same class as the sources have
    const graph = sumOfProducts() as unknown as Parameters<typeof open>[0];
    const session = await open(graph, { directory, threads: 1 });
    const left = new Tensor("float32", Float32Array.of(1, 0, 0, 1, 1, 1), [2, 3]);
    const waiting = new Tensor("float32", new Float32Array(4), [2, 2]);
    const { sum } = await session.run({ left }, { sum: waiting });
    expect(sum).toBe(waiting);
    expect(Array.from(waiting.data as Float32Array)).toEqual([2, 3, 10, 13]);
    await session.release();
    for (const name of ["onnxruntime-node", "onnxruntime-web"]) vi.doUnmock(name);
  });
});
