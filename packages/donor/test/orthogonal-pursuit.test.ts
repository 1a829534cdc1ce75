import { readFileSync } from "node:fs";
import type { Matrix } from "@revocab/core";
import { gatherSum, MixtureBuilder, randomStream, selectRows } from "@revocab/matrix";
import { kernelProducts, openDenseProducts } from "@revocab/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { orthogonalPursuit, type PursuitOptions } from "../src/orthogonal-pursuit.ts";
import { naivePursuit } from "./naive-pursuit.ts";

const products = await openDenseProducts();
afterAll(() => products.release());

interface Found {
  readonly picks: readonly number[];
  readonly coefficients: readonly number[];
  readonly error: number;
}

async function pursue(
  atoms: Matrix,
  targets: Matrix,
  k: number,
  options: Partial<PursuitOptions> = {},
): Promise<Found[]> {
  const found: Found[] = [];
  await orthogonalPursuit({
    atoms,
    count: targets.rows,
    read: async (start, n) =>
      selectRows(
        targets,
        Array.from({ length: n }, (_, i) => start + i),
      ),
    k,
    products,
    onRow(row, one) {
      expect(row).toBe(found.length);
      found.push({
        picks: [...one.picks],
        coefficients: Array.from(one.coefficients()),
        error: one.relativeError,
      });
    },
    step: "match rows",
    ...options,
  });
  return found;
}

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) };
}

/** Around few centers, of very different lengths: atoms of a real model lie no more evenly. */
function clustered(rows: number, columns: number, seed: number): Matrix {
  const { normal, uniform } = randomStream(seed, 0);
  const centers = randomStream(99, columns);
  const means = Float32Array.from({ length: 5 * columns }, () => centers.normal());
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const center = Math.floor(uniform() * 5) * columns;
    const length = 10 ** (2 * uniform() - 1);
    for (let i = 0; i < columns; i++) {
      data[row * columns + i] = length * (means[center + i] + 0.3 * normal());
    }
  }
  return { rows, columns, data };
}

function rowOf({ columns, data }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}

/** The largest difference. */
function farthest(found: readonly number[], wanted: readonly number[]): number {
  expect(found.length).toBe(wanted.length);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
}

interface GoldenRun {
  readonly indices: readonly (readonly number[])[];
  readonly coeffs: readonly (readonly number[])[];
  readonly result: readonly (readonly number[])[];
}

describe("the figures of mergekit", async () => {
  const golden = JSON.parse(readFileSync(new URL("./fixtures/mergekit-omp.json", import.meta.url), "utf8"));
  const [atoms, source, targets] = ["donor_shared", "base_shared", "targets"].map((key) =>
    matrixOf(golden[key]),
  );

  it.each([1, 3, 6])("k = %d: the same atoms, coefficients and rows within 1e-5", async (k) => {
    const { indices, coeffs, result } = golden[`omp_k${k}`] as GoldenRun;
    const found = await pursue(atoms, targets, k);
    const builder = new MixtureBuilder();
    found.forEach(({ picks, coefficients }, row) => {
      expect(picks).toEqual(indices[row]);
      expect(farthest(coefficients, coeffs[row])).toBeLessThan(1e-5);
      builder.addRow(picks, coefficients);
    });
    const rows = gatherSum(builder.build(), source);
    expect(farthest(Array.from(rows.data), result.flat())).toBeLessThan(1e-5);
  });

  it("k = 9 at width 6: the six atoms of k = 6, which are exact, and no weights that cancel out", async () => {
    const found = await pursue(atoms, targets, 9);
    const { indices } = golden.omp_k9 as GoldenRun;
    found.forEach(({ picks, error }, row) => {
      expect(picks).toEqual(indices[row].slice(0, 6));
      expect(error).toBeLessThan(1e-6);
    });
    expect(found).toEqual(await pursue(atoms, targets, 6));
  });
});

describe("beside the plain algorithm", () => {
  it.each([
    ["random rows", 60, 24, 12, randomStream(3, 0)],
    ["fewer atoms than k", 5, 24, 12, randomStream(4, 0)],
    ["one atom", 1, 7, 3, randomStream(5, 0)],
    ["more picks than columns", 40, 6, 12, randomStream(6, 0)],
    ["one column", 9, 1, 3, randomStream(8, 0)],
  ] as const)("%s: atoms are the same, coefficients within 1e-5", async (_, rows, columns, k, { normal }) => {
    const random = (count: number) => ({
      rows: count,
      columns,
      data: Float32Array.from({ length: count * columns }, normal),
    });
    await expectAsNaive(random(rows), random(33), k);
  });

  it("rows in clusters, of very different lengths", async () => {
    await expectAsNaive(clustered(300, 24, 1), clustered(40, 24, 2), 10);
  });

  it("atoms that hardly differ: weights of thousands, for which whole numbers tell nothing", async () => {
    const { normal } = randomStream(5, 0);
    const centers = Array.from({ length: 3 * 12 }, () => normal());
    const data = Float32Array.from({ length: 300 * 12 }, (_, i) => {
      const [row, column] = [Math.floor(i / 12), i % 12];
      return centers[(row % 3) * 12 + column] + 1e-3 * normal();
    });
    const found = await expectAsNaive({ rows: 300, columns: 12, data }, clustered(20, 12, 2), 8);
    const weights = found.flatMap(({ coefficients }) => coefficients.map(Math.abs));
    expect(Math.max(...weights)).toBeGreaterThan(1000);
  });

  it("atoms that come twice: the lower one is picked, the other never", async () => {
    const half = clustered(30, 12, 1);
    const atoms = { ...half, rows: 60, data: Float32Array.from([...half.data, ...half.data]) };
    const found = await expectAsNaive(atoms, clustered(20, 12, 2), 8);
    for (const { picks } of found) expect(Math.max(...picks)).toBeLessThan(30);
  });

  it("a row that is a multiple of an atom: one pick, which is exact", async () => {
    const unit = matrixOf([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(await pursue(unit, matrixOf([[0, -3, 0]]), 3)).toEqual([
      { picks: [1], coefficients: [-3], error: 0 },
    ]);
  });

  it("a row may leave one atom out", async () => {
    const atoms = clustered(50, 12, 1);
    const found = await pursue(atoms, atoms, 6, { except: (row) => row });
    found.forEach(({ picks, coefficients }, row) => {
      const plain = naivePursuit(atoms, rowOf(atoms, row), 6, row);
      expect(picks).toEqual(plain.picks);
      expectClose(coefficients, plain.coefficients);
    });
  });

  it("zeros: atoms of zeros are never picked, a row of zeros is no sum", async () => {
    const atoms = matrixOf([
      [0, 0],
      [1, 2],
      [0, 0],
    ]);
    const targets = matrixOf([
      [0, 0],
      [3, 1],
    ]);
    expect(await pursue(atoms, targets, 3)).toMatchObject([{ picks: [] }, { picks: [1] }]);
    const nothing = { rows: 2, columns: 2, data: new Float32Array(4) };
    expect(await pursue(nothing, targets, 3)).toMatchObject([{ picks: [] }, { picks: [] }]);
  });

  async function expectAsNaive(atoms: Matrix, targets: Matrix, k: number): Promise<Found[]> {
    const found = await pursue(atoms, targets, k);
    found.forEach(({ picks, coefficients }, row) => {
      const plain = naivePursuit(atoms, rowOf(targets, row), k);
      expect(picks).toEqual(plain.picks);
      expectClose(coefficients, plain.coefficients);
    });
    return found;
  }

  function expectClose(found: readonly number[], wanted: readonly number[]): void {
    expect(farthest(found, wanted)).toBeLessThanOrEqual(1e-5 * Math.max(0, ...wanted.map(Math.abs)));
  }
});

/** Of 700 atoms of 40 columns: for a row D·x, maxima of 22 strips, x and a candidate, least squares and what kernels are told; eight columns and rows. */
const ONE_ROW = 22 * 72 + 320 + 8 * (8 * 4 + 64) + 256 + 8 * (22 * 64 + 160);

describe("bit for bit the same", () => {
  const atoms = clustered(700, 40, 1);
  const targets = clustered(300, 40, 2);
  const whole = pursue(atoms, targets, 8);

  it.each([1, 2, 255, 256, 257])("for %d rows instead of all", async (count) => {
    expect(await pursue(atoms, { ...targets, rows: count }, 8)).toEqual((await whole).slice(0, count));
  });

  it.each([ONE_ROW, 100_000, 1_000_000])("in %d bytes of memory", async (memoryLimit) => {
    expect(await pursue(atoms, targets, 8, { memoryLimit })).toEqual(await whole);
  });

  it("by the WebAssembly kernel instead of the runtime", async () => {
    expect(await pursue(atoms, targets, 8, { products: kernelProducts() })).toEqual(await whole);
  });

  it.each([1, 2, 3])("with %d threads", async (threads) => {
    // enough work for threads to be started
    const [many, rows] = [clustered(3000, 20, 1), clustered(257, 20, 2)];
    const one = await openDenseProducts(threads);
    try {
      const found = await pursue(many, rows, 17, { products: one, job: { threads } });
      expect(found.slice(0, 9)).toEqual(await pursue(many, { ...rows, rows: 9 }, 17));
    } finally {
      await one.release();
    }
  });

  it("says how much memory one row needs where the limit is below", async () => {
    await expect(pursue(atoms, targets, 8, { memoryLimit: 15_000 })).rejects.toMatchObject({
      code: "not_enough_memory",
      message: expect.stringContaining(`${ONE_ROW} bytes`),
    });
  });
});
