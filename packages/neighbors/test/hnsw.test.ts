import type { Matrix } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import { type Neighbors, nearestRows } from "@revocab/neighbors";
import { afterEach, describe, expect, it, vi } from "vitest";

const rows = clustered(4000, 32, 1);
const queries = clustered(300, 32, 2);

describe("an index of clustered rows", () => {
  it.each(["cosine", "dot"] as const)("finds at least 97 of 100 true neighbors by %s", async (metric) => {
    const truth = await nearestRows({ queries, rows, k: 10, metric, index: "exact" });
    const found = await nearestRows({ queries, rows, k: 10, metric, index: "hnsw" });
    expect(recall(truth, found)).toBeGreaterThan(0.97);
    for (let i = 0; i < truth.ids.length; i++) {
      if (truth.ids[i] !== found.ids[i]) continue;
      expect(found.similarities[i] / truth.similarities[i]).toBeCloseTo(1, 4);
    }
    for (let i = 1; i < found.ids.length; i++) {
      if (i % 10 > 0) expect(found.similarities[i]).toBeLessThanOrEqual(found.similarities[i - 1]);
    }
  });

  it("answers the same when asked again", async () => {
    const options = { queries, rows, k: 5, metric: "cosine", index: "hnsw" } as const;
    expect(await nearestRows(options)).toEqual(await nearestRows(options));
  });

  it("leaves no query short of neighbors where many rows are the same", async () => {
    const same = { rows: 500, columns: 4, data: new Float32Array(2000).fill(1) };
    const one = { rows: 1, columns: 4, data: Float32Array.of(1, 1, 1, 2) };
    const found = await nearestRows({ queries: one, rows: same, k: 400, metric: "cosine", index: "hnsw" });
    expect(new Set(found.ids).size).toBe(400);
  });
});

it("up to 200,000 rows are searched exactly when nothing is asked", async () => {
  const chosen = await nearestRows({ queries, rows, k: 10, metric: "cosine" });
  expect(chosen).toEqual(await nearestRows({ queries, rows, k: 10, metric: "cosine", index: "exact" }));
});

describe("where hnswlib-node is not installed", () => {
  afterEach(() => {
    for (const module of ["hnswlib-node", "../src/exact-neighbors.ts", "../src/hnsw-neighbors.ts"])
      vi.doUnmock(module);
  });

  it("an index is refused with what to do, and exact search works", async () => {
    vi.resetModules();
    vi.doMock("hnswlib-node", () => {
      throw new Error("Cannot find package 'hnswlib-node'");
    });
    const fresh = await import("../src/nearest-rows.ts");
    const options = { queries, rows, k: 3, metric: "cosine" } as const;
    await expect(fresh.nearestRows({ ...options, index: "hnsw" })).rejects.toMatchObject({
      code: "missing_dependency",
      hint: expect.stringContaining("npm install hnswlib-node@3.0.0"),
    });
    expect((await fresh.nearestRows({ ...options, index: "exact" })).ids.length).toBe(900);
  });

  it.each([
    [200_000, 100_000, false],
    [200_001, 99_999, false],
    [200_001, 100_000, true],
  ])(
    "%i rows with %i queries: an index is better, %s; all rows are compared without one, which is said",
    async (rowCount, queryCount, isBetter) => {
      expect(await chosen(rowCount, queryCount, true)).toEqual({ by: isBetter ? "index" : "all", notes: [] });
      expect(await chosen(rowCount, queryCount, false)).toEqual({
        by: "all",
        notes: isBetter ? [expect.stringMatching(/^hnswlib-node is not installed/)] : [],
      });
    },
  );
});

/** How rows would be searched, without doing it. */
async function chosen(rowCount: number, queryCount: number, hasIndex: boolean) {
  vi.resetModules();
  vi.doMock("../src/exact-neighbors.ts", () => ({ exactNeighbors: () => "all" }));
  vi.doMock("../src/hnsw-neighbors.ts", () => ({
    hnswNeighbors: () => "index",
    hasHnswlib: async () => hasIndex,
  }));
  const fresh = await import("../src/nearest-rows.ts");
  const ones = (rows: number): Matrix => ({ rows, columns: 1, data: new Float32Array(rows).fill(1) });
  const notes: string[] = [];
  const by = await fresh.nearestRows({
    queries: ones(queryCount),
    rows: ones(rowCount),
    k: 1,
    metric: "cosine",
    job: { onProgress: (event) => void (event.type === "note" && notes.push(event.message)) },
  });
  return { by, notes };
}

function recall(truth: Neighbors, found: Neighbors): number {
  let hits = 0;
  for (let start = 0; start < truth.ids.length; start += truth.k) {
    const wanted = new Set(truth.ids.subarray(start, start + truth.k));
    for (const id of found.ids.subarray(start, start + truth.k)) if (wanted.has(id)) hits++;
  }
  return hits / truth.ids.length;
}

/** 40 centers that all calls share, with noise of a half and lengths from 1 to 3 times. */
function clustered(count: number, columns: number, seed: number): Matrix {
  const centers = randomStream(7, 0);
  const means = Float32Array.from({ length: 40 * columns }, () => centers.normal());
  const { normal, uniform } = randomStream(seed, 1);
  const data = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const center = Math.floor(uniform() * 40) * columns;
    const length = 1 + 2 * uniform();
    for (let i = 0; i < columns; i++) data[row * columns + i] = length * (means[center + i] + 0.5 * normal());
  }
  return { rows: count, columns, data };
}
