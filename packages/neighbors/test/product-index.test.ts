import { randomStream, storedView, storeMatrix } from "@revocab/matrix";
import { buildProductIndex, nearestRows, openProductSearch, type ProductIndex } from "@revocab/neighbors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Rows about random centers, of lengths from 1 to 3: the longest are not the nearest. */
function clusteredRows(rows: number, columns: number, seed = 1) {
  const { normal, uniform } = randomStream(seed, columns);
  const centers = Float32Array.from({ length: 20 * columns }, () => normal());
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const center = Math.floor(uniform() * 20) * columns;
    const length = 1 + 2 * uniform();
    for (let i = 0; i < columns; i++)
      data[row * columns + i] = length * (centers[center + i] + 0.5 * normal());
  }
  return { rows, columns, data };
}

function queryOf(columns: number, seed: number): Float32Array {
  const { normal } = randomStream(seed, 99);
  return Float32Array.from({ length: columns }, () => normal());
}

async function bruteForce(rows: ReturnType<typeof clusteredRows>, query: Float32Array, k: number) {
  const queries = { rows: 1, columns: rows.columns, data: query };
  return nearestRows({ queries, rows, k, metric: "dot", index: "exact" });
}

async function search(index: ProductIndex, rows: ReturnType<typeof clusteredRows>, threads = 1) {
  return openProductSearch({ index, rows: storedView(rows), job: { threads } });
}

describe("an index over rows", () => {
  it("finds exactly what comparing with every row finds, bit for bit, with any number of clusters and threads", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 1, max: 3000 }),
          columns: fc.integer({ min: 1, max: 70 }),
          k: fc.integer({ min: 1, max: 30 }),
          clusters: fc.integer({ min: 0, max: 9 }),
          seed: fc.integer({ min: 1, max: 1000 }),
        }),
        async ({ rows: count, columns, k, clusters, seed }) => {
          const rows = clusteredRows(count, columns, seed);
          const index = await buildProductIndex({
            rows: storedView(rows),
            clusters: Math.min(clusters, count),
          });
          const query = queryOf(columns, seed);
          const wanted = await bruteForce(rows, query, k);
          const found = await search(index, rows);
          try {
            const { ids, products, isProven } = await found.largest(query, { k });
            expect(isProven).toBe(true);
            expect(Array.from(ids)).toEqual(Array.from(wanted.ids));
            expect(Array.from(products)).toEqual(Array.from(wanted.similarities));
          } finally {
            await found.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("threads change nothing", async () => {
    const rows = clusteredRows(25_000, 24);
    const index = await buildProductIndex({ rows: storedView(rows), clusters: 50 });
    const results = [];
    for (const threads of [1, 3]) {
      const found = await search(index, rows, threads);
      const { logTotal, ...rest } = await found.largest(queryOf(24, 3), { k: 5, share: 0.1 });
      results.push({ ...rest, total: logTotal() });
      await found.close();
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0].isProven).toBe(false);
  });

  it("multiplies few rows themselves, and with a share of the clusters still finds nearly all", async () => {
    const rows = clusteredRows(20_000, 64);
    const index = await buildProductIndex({ rows: storedView(rows), clusters: 200 });
    const found = await search(index, rows);
    let hits = 0;
    for (let seed = 0; seed < 50; seed++) {
      const query = queryOf(64, seed);
      const exact = await found.largest(query, { k: 1 });
      expect(exact.compared).toBeLessThan(500);
      const quick = await found.largest(query, { k: 1, share: 0.25 });
      if (quick.ids[0] === exact.ids[0]) hits++;
    }
    await found.close();
    expect(hits).toBeGreaterThanOrEqual(49);
  });

  it("of many equal rows it gives the lowest numbers", async () => {
    const rows = { rows: 100, columns: 3, data: new Float32Array(300).fill(0.3) };
    const index = await buildProductIndex({ rows: storedView(rows), clusters: 4 });
    const found = await search(index, rows);
    const { ids } = await found.largest(Float32Array.of(1, 2, 3), { k: 4 });
    await found.close();
    expect(Array.from(ids)).toEqual([0, 1, 2, 3]);
  });

  it("adds to the products what is given for each row, and leaves out what may not be found", async () => {
    const rows = { rows: 4, columns: 1, data: Float32Array.of(1, 2, 3, 4) };
    const index = await buildProductIndex({ rows: storedView(rows) });
    const found = await openProductSearch({
      index,
      rows: storedView(rows),
      addends: Float32Array.of(10, 0, 0, 0),
      isCandidate: (row) => row !== 3,
    });
    const { ids, products, logTotal } = await found.largest(Float32Array.of(1), { k: 9 });
    expect(Array.from(ids)).toEqual([0, 2, 1]);
    expect(Array.from(products)).toEqual([11, 3, 2]);
    expect(logTotal()).toBeCloseTo(Math.log(Math.exp(11) + Math.exp(3) + Math.exp(2)), 12);
    await found.close();
  });

  it("knows log Σ exp of all rows from few exact products: by all rows to 0.001, by a tenth of the clusters to 0.05", async () => {
    const rows = clusteredRows(20_000, 64);
    const index = await buildProductIndex({ rows: storedView(rows), clusters: 200 });
    const found = await search(index, rows);
    const query = queryOf(64, 5).map((value) => value / 10);
    const all = await bruteForce(rows, query, 20_000);
    const truth = Math.log(all.similarities.reduce((sum, product) => sum + Math.exp(product), 0));
    const exact = await found.largest(query, { k: 20 });
    expect(Math.abs(exact.logTotal() - truth)).toBeLessThan(0.001);
    const quick = await found.largest(query, { k: 20, share: 0.1 });
    expect(Math.abs(quick.logTotal() - truth)).toBeLessThan(0.05);
    const doubled = Math.log(all.similarities.reduce((sum, product) => sum + Math.exp(product / 2), 0));
    expect(Math.abs(quick.logTotal((product) => product / 2) - doubled)).toBeLessThan(0.05);
    await found.close();
  });

  it("the same rows give the same index", async () => {
    const rows = clusteredRows(2000, 10);
    const [one, other] = await Promise.all(
      [1, 2].map((threads) => buildProductIndex({ rows: storedView(rows), clusters: 30, job: { threads } })),
    );
    expect(one.clusters).toEqual(other.clusters);
    expect(one.scales).toEqual(other.scales);
  });

  it("reads rows of any stored format", async () => {
    const rows = clusteredRows(500, 20);
    const stored = storeMatrix(rows, "BF16");
    const index = await buildProductIndex({ rows: stored });
    const found = await openProductSearch({ index, rows: stored });
    const { ids } = await found.largest(queryOf(20, 1), { k: 3 });
    const wanted = await nearestRows({
      queries: { rows: 1, columns: 20, data: queryOf(20, 1) },
      rows: stored,
      k: 3,
      metric: "dot",
    });
    expect(ids).toEqual(wanted.ids);
    await found.close();
  });

  it("whose values cannot be read leaves no threads behind", async () => {
    const rows = clusteredRows(10, 4);
    const index = await buildProductIndex({ rows: storedView(rows) });
    const values = { readRows: () => Promise.reject(new Error("cut short")) };
    await expect(search({ ...index, values }, rows, 2)).rejects.toThrow("cut short");
    expect(process.getActiveResourcesInfo()).not.toContain("MessagePort");
  });

  it("says what is wrong", async () => {
    const rows = clusteredRows(10, 4);
    const index = await buildProductIndex({ rows: storedView(rows) });
    const code = (name: string) => expect.objectContaining({ code: name });
    await expect(search(index, clusteredRows(11, 4))).rejects.toThrow(code("shape_mismatch"));
    await expect(buildProductIndex({ rows: storedView(rows), clusters: 11 })).rejects.toThrow(
      code("bad_options"),
    );
    const broken = { ...rows, data: rows.data.slice().fill(Number.NaN, 7, 8) };
    await expect(buildProductIndex({ rows: storedView(broken) })).rejects.toThrow(code("not_finite"));
    const query = queryOf(4, 1);
    const changed = await search(index, broken);
    await expect(changed.largest(query, { k: 10 })).rejects.toThrow(code("not_finite"));
    await changed.close();
    const found = await search(index, rows);
    await expect(found.largest(query, { k: 0 })).rejects.toThrow(code("bad_options"));
    await expect(found.largest(query, { k: 1, share: 0 })).rejects.toThrow(code("bad_options"));
    await expect(found.largest(queryOf(5, 1), { k: 1 })).rejects.toThrow(code("shape_mismatch"));
    await expect(found.largest(query.fill(Number.POSITIVE_INFINITY), { k: 1 })).rejects.toThrow(
      code("not_finite"),
    );
    await found.close();
    const controller = new AbortController();
    controller.abort();
    await expect(
      buildProductIndex({ rows: storedView(rows), job: { abortSignal: controller.signal } }),
    ).rejects.toThrow(code("aborted"));
  });
});
