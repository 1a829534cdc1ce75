import type { Matrix } from "@revocab/core";
import { randomStream, storeMatrix } from "@revocab/matrix";
import { type NearestRowsOptions, nearestRows } from "@revocab/neighbors";
import { describe, expect, it } from "vitest";

const exact = (options: Omit<NearestRowsOptions, "index">) => nearestRows({ ...options, index: "exact" });

describe("the nearest rows", () => {
  const rows = matrix([
    [1, 0],
    [0, 2],
    [3, 3],
    [0, 0],
    [0, 1],
    [-1, 0],
  ]);

  it("come in the order of the cosine, of equals the lower row first", async () => {
    const found = await exact({ queries: matrix([[0, 5]]), rows, k: 4, metric: "cosine" });
    expect([...found.ids]).toEqual([1, 4, 2, 0]);
    expect(found.similarities[0]).toBe(1);
    expect(found.similarities[2]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(found.similarities[3]).toBe(0);
  });

  it("come in the order of the dot product, where length counts", async () => {
    const found = await exact({ queries: matrix([[0, 5]]), rows, k: 3, metric: "dot" });
    expect([...found.ids]).toEqual([2, 1, 4]);
    expect([...found.similarities]).toEqual([15, 10, 5]);
  });

  it.each(["exact", "hnsw"] as const)("leave out rows of zeros by cosine alone (%s)", async (index) => {
    const options = { queries: matrix([[0, 5]]), rows, k: 99, index };
    const cosine = await nearestRows({ ...options, metric: "cosine" });
    expect(cosine.k).toBe(5);
    expect([...cosine.ids].sort()).toEqual([0, 1, 2, 4, 5]);
    const dot = await nearestRows({ ...options, metric: "dot" });
    expect([...dot.ids]).toEqual([2, 1, 4, 0, 3, 5]);
  });

  it.each(["exact", "hnsw"] as const)("are candidates alone (%s)", async (index) => {
    const isCandidate = (row: number) => row % 2 === 0;
    const found = await nearestRows({
      queries: matrix([[0, 5]]),
      rows,
      k: 3,
      metric: "cosine",
      index,
      isCandidate,
    });
    expect([...found.ids]).toEqual([4, 2, 0]);
  });

  it("may be stored in 16 bits", async () => {
    const found = await exact({
      queries: matrix([[0, 5]]),
      rows: storeMatrix(rows, "BF16"),
      k: 1,
      metric: "dot",
    });
    expect([...found.ids, ...found.similarities]).toEqual([2, 15]);
  });

  it("of no query are none", async () => {
    const found = await exact({
      queries: { rows: 0, columns: 2, data: new Float32Array() },
      rows,
      k: 3,
      metric: "dot",
    });
    expect(found).toEqual({ k: 3, ids: new Uint32Array(), similarities: new Float32Array() });
  });

  it("of a query of zeros are the first ones, all with cosine 0", async () => {
    const found = await exact({ queries: matrix([[0, 0]]), rows, k: 4, metric: "cosine" });
    expect([...found.ids]).toEqual([0, 1, 2, 4]);
    expect([...found.similarities]).toEqual([0, 0, 0, 0]);
  });
});

/** 1024 queries and, beside as many, 2048 rows are a block. Small integers: sums are exact, and ties are frequent. */
describe("the exact search equals its naive twin", () => {
  it.each([
    [1, 1],
    [1023, 2047],
    [1024, 2048],
    [1025, 2049],
    [2049, 5],
  ])("for %i queries and %i rows", async (m, n) => {
    const queries = integers(m, 5, 1);
    const rows = integers(n, 5, 2);
    const isCandidate = (row: number) => row % 7 !== 3;
    const found = await exact({ queries, rows, k: 10, metric: "dot", isCandidate });
    expect(found.k).toBe(Math.min(10, n === 5 ? 4 : n));
    const expected = naively(queries, rows, found.k, isCandidate);
    expect(found.ids).toEqual(expected.ids);
    expect(found.similarities).toEqual(expected.similarities);
  });

  it("when as many rows are asked for as there are", async () => {
    const queries = integers(3, 2, 3);
    const rows = integers(500, 2, 4);
    expect(await exact({ queries, rows, k: 500, metric: "dot" })).toEqual(naively(queries, rows, 500));
  });
});

describe("a search is refused", () => {
  const rows = matrix([[1, 2]]);
  const options = { queries: rows, rows, k: 1, metric: "cosine" } as const;

  it.each([
    ["for no neighbors", { k: 0 }, "bad_options", /0 neighbors/],
    ["for half a neighbor", { k: 1.5 }, "bad_options", /1.5/],
    ["between widths", { queries: matrix([[1]]) }, "shape_mismatch", /1 columns .* 2 columns/],
    ["among zeros", { rows: matrix([[0, 0]]) }, "no_evidence", /none of 1 rows/],
    ["among none", { isCandidate: () => false }, "no_evidence", /none of 1 rows/],
    ["from a NaN", { queries: matrix([[1, Number.NaN]]) }, "not_finite", /query 0 holds NaN/],
    ["among infinities", { rows: matrix([[1, Number.POSITIVE_INFINITY]]) }, "not_finite", /row 0/],
    [
      "beyond f32",
      { queries: matrix([[1e30, 1e30]]), rows: matrix([[1e30, 1]]), metric: "dot" },
      "not_finite",
      /beyond f32/,
    ],
    ["with an index of no links", { index: "hnsw", hnsw: { links: 0 } }, "bad_options", /links .* 0/],
    ["with a negative seed", { index: "hnsw", hnsw: { seed: -1 } }, "bad_options", /seed .* -1/],
  ] as const)("%s", async (_, change, code, message) => {
    const search = nearestRows({ ...options, ...change });
    await expect(search).rejects.toThrow(message);
    await expect(search).rejects.toMatchObject({ name: "RevocabError", code });
  });

  it("but not for a broken row that is no candidate", async () => {
    const broken = matrix([
      [1, 2],
      [Number.NaN, 0],
    ]);
    const found = await exact({ ...options, rows: broken, k: 2, isCandidate: (row) => row === 0 });
    expect([...found.ids]).toEqual([0]);
  });

  it.each(["exact", "hnsw"] as const)("once its signal is aborted (%s)", async (index) => {
    const controller = new AbortController();
    const search = nearestRows({
      queries: integers(600, 8, 1),
      rows: integers(3000, 8, 2),
      k: 5,
      metric: "cosine",
      index,
      job: { abortSignal: controller.signal, onProgress: () => controller.abort() },
    });
    await expect(search).rejects.toMatchObject({ code: "aborted" });
  });
});

it("progress counts the queries up to all of them", async () => {
  const seen: number[] = [];
  await exact({
    queries: integers(1500, 3, 1),
    rows: integers(10, 3, 2),
    k: 1,
    metric: "dot",
    job: {
      onProgress: (event) => {
        if (event.type === "progress" && event.step === "nearest rows") seen.push(event.done / event.total);
      },
    },
  });
  expect(seen).toEqual([1024 / 1500, 1]);
});

function naively(queries: Matrix, rows: Matrix, k: number, isCandidate = (_: number) => true) {
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  for (let query = 0; query < queries.rows; query++) {
    const products = Array.from({ length: rows.rows }, (_, row) => {
      let sum = 0;
      for (let i = 0; i < rows.columns; i++) {
        sum += queries.data[query * rows.columns + i] * rows.data[row * rows.columns + i];
      }
      return { row, sum };
    });
    const best = products
      .filter(({ row }) => isCandidate(row))
      .sort((a, b) => b.sum - a.sum || a.row - b.row);
    for (let place = 0; place < k; place++) {
      ids[query * k + place] = best[place].row;
      similarities[query * k + place] = best[place].sum;
    }
  }
  return { k, ids, similarities };
}

function matrix(values: readonly (readonly number[])[]): Matrix {
  return { rows: values.length, columns: values[0].length, data: Float32Array.from(values.flat()) };
}

function integers(rows: number, columns: number, seed: number): Matrix {
  const { uniform } = randomStream(seed, 0);
  const data = Float32Array.from({ length: rows * columns }, () => Math.floor(uniform() * 9) - 4);
  return { rows, columns, data };
}
