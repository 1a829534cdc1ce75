import type { Job, Matrix } from "@revocab/core";
import { matrixOfBytes, multiplyTransposed, randomStream } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kernelNeighbors } from "../src/exact-neighbors.ts";
import { candidateRows, type NeighborSearch } from "../src/neighbor-search.ts";
import { productError, runtimeNeighbors } from "../src/runtime-neighbors.ts";

/** What the values of a matrix are drawn from; of all but the last, many products are equal or nearly so. */
const KINDS = [
  "signs",
  "few",
  "nearly equal",
  "zeros among others",
  "lengths apart",
  "tiny",
  "normal",
] as const;
type Kind = (typeof KINDS)[number];

describe("neighbors by the runtime are those by the kernel, bit for bit", () => {
  it("whatever the values, sizes and k", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          kind: fc.constantFrom(...KINDS),
          metric: fc.constantFrom("cosine" as const, "dot" as const),
          m: fc.integer({ min: 1, max: 20 }),
          n: fc.integer({ min: 1, max: 3000 }),
          d: fc.constantFrom(1, 2, 7, 40, 300),
          k: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 30 }) }, fc.constant(5000)),
          every: fc.integer({ min: 1, max: 5 }),
          seed: fc.integer({ min: 0, max: 2 ** 31 }),
        }),
        async ({ kind, metric, m, n, d, k, every, seed }) => {
          const options = { queries: drawn(kind, m, d, seed), rows: drawn(kind, n, d, seed + 1), k, metric };
          await expectTheSame(options, (row) => row % every === 0);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it.each([
    [1023, 2047],
    [1024, 2048],
    [1025, 2049],
  ])("for %i queries and %i rows, about the edges of blocks", async (m, n) => {
    await expectTheSame({
      queries: drawn("normal", m, 16, 1),
      rows: drawn("normal", n, 16, 2),
      k: 10,
      metric: "cosine",
    });
  });

  it.each([1, 10, 3000])("when all rows are the same, for k = %i", async (k) => {
    const rows = { rows: 3000, columns: 40, data: new Float32Array(3000 * 40).fill(0.3) };
    await expectTheSame({ queries: drawn("normal", 5, 40, 3), rows, k, metric: "cosine" });
  });

  it("of a query of zeros, to which all are as near", async () => {
    const queries = { rows: 2, columns: 8, data: new Float32Array(16) };
    await expectTheSame({ queries, rows: drawn("normal", 5000, 8, 4), k: 3, metric: "dot" });
  });

  it("beside rows that are no candidates and hold anything", async () => {
    const rows = drawn("normal", 100, 4, 5);
    rows.data.fill(Number.NaN, 40, 44);
    rows.data.fill(Number.POSITIVE_INFINITY, 80, 84);
    const queries = drawn("normal", 3, 4, 6);
    await expectTheSame({ queries, rows, k: 5, metric: "cosine" }, (row) => row !== 10 && row !== 20);
  });
});

it("two roundings of a product are never further apart than the error that is allowed for", async () => {
  for (const d of [3, 256, 300, 1000]) {
    const [left, right] = [drawn("normal", 20, d, d), drawn("normal", 20, d, d + 1)];
    await multiplyTransposed({
      left,
      right: matrixOfBytes({ rows: 20, columns: d, dtype: "F32" }, new Uint8Array(right.data.buffer)),
      onBlock: (_, product) => {
        for (let i = 0; i < 20; i++) {
          for (let j = 0; j < 20; j++) {
            const a = left.data.subarray(i * d, (i + 1) * d);
            const b = right.data.subarray(j * d, (j + 1) * d);
            const backwards = a.reduceRight((sum, value, at) => Math.fround(sum + value * b[at]), 0);
            const error = productError(d, Math.hypot(...a) * Math.hypot(...b));
            expect(Math.abs(backwards - product.data[i * 20 + j])).toBeLessThanOrEqual(error);
          }
        }
      },
    });
  }
});

it("progress counts the queries up to all of them, and a signal stops the search between two blocks", async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const search = await searchOf({
    queries: drawn("normal", 1500, 4, 1),
    rows: drawn("normal", 5000, 4, 2),
    k: 2,
    metric: "dot",
  });
  const onProgress: Job["onProgress"] = (event) => {
    if (event.type === "progress") seen.push(event.done);
  };
  await runtimeNeighbors({ ...search, job: { onProgress } });
  expect(seen).toEqual([614, 1228, 1500]);
  const stopped = runtimeNeighbors({
    ...search,
    job: { abortSignal: controller.signal, onProgress: () => controller.abort() },
  });
  await expect(stopped).rejects.toMatchObject({ code: "aborted" });
});

type Options = Pick<NeighborSearch, "queries" | "k" | "metric"> & { readonly rows: Matrix };

async function expectTheSame(options: Options, isCandidate: (row: number) => boolean = () => true) {
  const search = await searchOf(options, isCandidate);
  if (search === undefined) return;
  const byKernel = await kernelNeighbors(search);
  const byRuntime = await runtimeNeighbors(search);
  expect(byRuntime.k).toBe(byKernel.k);
  expect(byRuntime.ids).toEqual(byKernel.ids);
  expect(new Uint32Array(byRuntime.similarities.buffer)).toEqual(
    new Uint32Array(byKernel.similarities.buffer),
  );
}

async function searchOf({ rows, k, ...rest }: Options, isCandidate = (_: number) => true) {
  const stored = matrixOfBytes(
    { rows: rows.rows, columns: rows.columns, dtype: "F32" },
    new Uint8Array(rows.data.buffer),
  );
  // row 0 is a candidate of every search here, but for rows of zeros by cosine
  if (rest.metric === "cosine" && rows.data.subarray(0, rows.columns).every((value) => value === 0)) {
    rows.data[0] = 1;
  }
  const candidates = await candidateRows({
    rows: stored,
    leaveOutZeros: rest.metric === "cosine",
    isCandidate,
  });
  return { ...rest, rows: stored, candidates, k: Math.min(k, candidates.count) };
}

function drawn(kind: Kind, rows: number, columns: number, seed: number): Matrix {
  const { uniform, normal } = randomStream(seed, 0);
  const draw: Readonly<Record<Kind, (row: number) => number>> = {
    signs: () => (uniform() < 0.5 ? -1 : 1),
    few: () => Math.floor(uniform() * 3) / 7,
    "nearly equal": () => Math.fround(0.3 + 1e-7 * Math.floor(uniform() * 3)),
    "zeros among others": (row) => (row % 3 === 1 ? 0 : normal()),
    "lengths apart": (row) => normal() * 10 ** ((row % 9) - 4),
    tiny: () => normal() * 1e-21,
    normal,
  };
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = draw[kind](Math.floor(i / columns));
  return { rows, columns, data };
}
