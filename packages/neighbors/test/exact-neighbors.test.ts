import type { Matrix } from "@revocab/core";
import { randomStream, selectRows, storedView } from "@revocab/matrix";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exactNeighbors, kernelNeighbors } from "../src/exact-neighbors.ts";
import { candidateRows, type NeighborSearch } from "../src/neighbor-search.ts";

/** Large enough for the runtime to pay: 2·10⁹ products, and 500 rows for each neighbor. */
const large = () => searchOf(4000, 5000, 100, 10);

it("a large search gives the kernel's rows, bit for bit", async () => {
  const search = await large();
  expect(await exactNeighbors(search)).toEqual(await kernelNeighbors(search));
});

describe("by a runtime", () => {
  afterEach(() => {
    vi.doUnmock("@revocab/onnx");
    vi.resetModules();
  });

  async function exactWith(hasOnnxRuntime: () => Promise<boolean>) {
    vi.resetModules();
    vi.doMock("@revocab/onnx", () => ({ hasOnnxRuntime }));
    return (await import("../src/exact-neighbors.ts")).exactNeighbors;
  }

  const broken = async () => {
    throw new Error("out of memory");
  };

  it("that is not installed, a large search is not missed", async () => {
    const search = await large();
    const withoutRuntime = await exactWith(async () => false);
    expect(await withoutRuntime(search)).toEqual(await exactNeighbors(search));
  });

  it("that is broken, a large search fails for its reason", async () => {
    const withBroken = await exactWith(broken);
    await expect(withBroken(await large())).rejects.toThrow("out of memory");
  });

  it.each([
    ["a small search", () => searchOf(100, 1000, 100, 10)],
    ["one for many neighbors of few rows", () => searchOf(20_000, 1000, 100, 10)],
  ])("that is broken, %s finds each row nearest to itself: it needs no runtime", async (_, searchFor) => {
    const withBroken = await exactWith(broken);
    const search = await searchFor();
    const { k, ids } = await withBroken(search);
    const nearest = Array.from({ length: search.queries.rows }, (_, query) => ids[query * k]);
    expect(nearest).toEqual(nearest.map((_, query) => query % search.rows.rows));
  });
});

/** Queries that are the rows themselves, from the first on again where there are more. */
async function searchOf(m: number, n: number, d: number, k: number): Promise<NeighborSearch> {
  const { normal } = randomStream(3, 0);
  const rows: Matrix = { rows: n, columns: d, data: Float32Array.from({ length: n * d }, normal) };
  const queries = selectRows(
    rows,
    Array.from({ length: m }, (_, query) => query % n),
  );
  const stored = storedView(rows);
  const candidates = await candidateRows({ rows: stored, leaveOutZeros: true });
  return { queries, rows: stored, candidates, k, metric: "cosine" };
}
