import { RevocabError } from "@revocab/core";
import { matrixOfBytes } from "@revocab/matrix";
import { afterEach, expect, it, vi } from "vitest";
import { exactNeighbors } from "../src/exact-neighbors.ts";
import { kernelNeighbors } from "../src/kernel-neighbors.ts";
import { runtimeNeighbors } from "../src/runtime-neighbors.ts";

const loadOnnxRuntime = vi.hoisted(() => vi.fn());
vi.mock("@revocab/onnx", () => ({ loadOnnxRuntime }));
vi.mock("../src/kernel-neighbors.ts", () => ({ kernelNeighbors: vi.fn(async () => "by the kernel") }));
vi.mock("../src/runtime-neighbors.ts", () => ({ runtimeNeighbors: vi.fn(async () => "by the runtime") }));
afterEach(() => vi.clearAllMocks());

it("a large search goes to the runtime where it is installed", async () => {
  loadOnnxRuntime.mockResolvedValue({});
  expect(await exactNeighbors(search(10_000, 10_000, 100, 10))).toBe("by the runtime");
  expect(kernelNeighbors).not.toHaveBeenCalled();
});

it.each([
  ["a small one", search(100, 10_000, 100, 10)],
  ["one for many neighbors of few rows", search(100_000, 1000, 100, 10)],
])("%s goes to the kernel, and the runtime is not even loaded", async (_, options) => {
  expect(await exactNeighbors(options)).toBe("by the kernel");
  expect(loadOnnxRuntime).not.toHaveBeenCalled();
});

it("without the runtime all go to the kernel; a runtime that fails otherwise is an error", async () => {
  loadOnnxRuntime.mockRejectedValue(new RevocabError("missing_dependency", "not installed"));
  expect(await exactNeighbors(search(10_000, 10_000, 100, 10))).toBe("by the kernel");
  loadOnnxRuntime.mockRejectedValue(new Error("out of memory"));
  await expect(exactNeighbors(search(10_000, 10_000, 100, 10))).rejects.toThrow("out of memory");
  expect(runtimeNeighbors).not.toHaveBeenCalled();
});

function search(m: number, n: number, d: number, k: number) {
  return {
    queries: { rows: m, columns: d, data: new Float32Array() },
    rows: matrixOfBytes({ rows: 0, columns: d, dtype: "F32" }, new Uint8Array()),
    candidates: { count: n, isCandidate: new Uint8Array(), longest: 1 },
    k,
    metric: "cosine" as const,
  };
}
