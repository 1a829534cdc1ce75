import { GraphBuilder, loadOnnxRuntime, openSession } from "@revocab/onnx";
import { describe, expect, it, vi } from "vitest";

describe("a graph", () => {
  it("runs as it was built: [2 × 3] · [3 × 2] + 1", async () => {
    const graph = new GraphBuilder();
    const left = graph.input("left", "float", ["rows", 3]);
    const right = graph.external("float", [3, 2], { location: "weights", offset: 4, length: 24 });
    const product = graph.add("MatMul", [left, right]);
    graph.output("sum", "float", ["rows", 2], graph.add("Add", [product, graph.number(1)]));
    const weights = new Uint8Array(Float32Array.of(-1, 1, 2, 3, 4, 5, 6).buffer);
    const session = await openSession(graph, {
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
});
