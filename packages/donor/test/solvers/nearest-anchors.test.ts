import type { Matrix, Mixture } from "@revocab/core";
import { Matrix as MlMatrix, pseudoInverse } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { byCholesky, byEigenvectors, minimumNormWeights } from "../../src/solvers/minimum-norm-weights.ts";
import { type NearestMetric, type NearestSolver, nearestAnchors } from "../../src/solvers/nearest-anchors.ts";
import {
  areFinite,
  awkwardRows,
  degenerateAnchors,
  difference,
  golden,
  matrixOf,
  mixed,
  randomMatrix,
  rowsOf,
} from "./matrices.ts";

const METRICS: readonly NearestMetric[] = ["euclidean", "cosine"];
const SOLVERS: readonly NearestSolver[] = ["distance", "barycentric", "least-squares"];
const REFERENCE_NAMES = {
  distance: "distance_proportional",
  barycentric: "barycentric",
  "least-squares": "least_squares",
};

describe("nearest anchors", () => {
  const figures = golden("mergekit_methods");
  const donor = matrixOf(figures.donor_shared);
  const source = matrixOf(figures.base_shared);
  const rows = matrixOf(figures.targets);

  for (const metric of METRICS) {
    for (const solver of SOLVERS) {
      // with 8 anchors in 6 dimensions the reference guesses at a rank
      for (const k of solver === "barycentric" ? [3, 5] : [3, 5, 8]) {
        it(`equal the reference: ${metric}, ${solver}, k = ${k}`, async () => {
          const expected = figures.common_interpolation[`${metric}/${REFERENCE_NAMES[solver]}/k${k}`];
          const found = await nearestAnchors({ donor, rows, k, metric, solver });
          expect(rowsOf(found).map(({ sources }) => sources)).toEqual(expected.indices);
          expect(difference(found.weights, expected.weights.flat())).toBeLessThan(2e-5);
          expect(difference(mixed(found, source).data, expected.result.flat())).toBeLessThan(1e-5);
        });
      }
    }
  }

  for (const metric of METRICS) {
    it(`solve the barycentric system of more anchors than dimensions: ${metric}`, async () => {
      const found = rowsOf(await nearestAnchors({ donor, rows, k: 8, metric, solver: "barycentric" }));
      found.forEach(({ sources, weights }, i) => {
        const points = new MlMatrix(sources.map((id) => figures.donor_shared[id]));
        const system = MlMatrix.ones(9, 9);
        system.setSubMatrix(points.mmul(points.transpose()), 0, 0).set(8, 8, 0);
        const right = [...points.mmul(MlMatrix.columnVector(figures.targets[i])).to1DArray(), 1];
        const expected = pseudoInverse(system, 1e-9).mmul(MlMatrix.columnVector(right)).to1DArray();
        expect(difference(weights, expected.slice(0, 8))).toBeLessThan(1e-5);
        expect(difference(mixed(only(sources, weights), donor).data, figures.targets[i])).toBeLessThan(1e-5);
      });
      const reference = figures.common_interpolation[`${metric}/barycentric/k8`];
      expect(found.map(({ sources }) => sources)).toEqual(reference.indices);
      // the one of five tokens where its guess was right
      expect(difference(found[0].weights, reference.weights[0])).toBeLessThan(1e-5);
    });
  }

  it("weighs two anchors at distances 1 and 3 by 3/4 and 1/4", async () => {
    const found = await nearestAnchors({ donor: matrixOf([[5], [1]]), rows: matrixOf([[2]]), k: 2 });
    expect(rowsOf(found)).toEqual([{ sources: [1, 0], weights: [0.75, 0.25] }]);
  });

  it("are those of a plain search, at once or token by token", async () => {
    const anchors = randomMatrix(500, 24, 5);
    const queries = randomMatrix(40, 24, 6);
    const far = { ...anchors, data: anchors.data.map((value) => value + 30) };
    const near = { ...queries, data: queries.data.map((value) => value + 30) };
    const all = rowsOf(await nearestAnchors({ donor: far, rows: near, k: 7 }));
    for (let i = 0; i < near.rows; i++) {
      const row = { rows: 1, columns: 24, data: near.data.subarray(i * 24, (i + 1) * 24) };
      expect(rowsOf(await nearestAnchors({ donor: far, rows: row, k: 7 }))).toEqual([all[i]]);
      expect(all[i].sources).toEqual(plainSearch(far, row, 7));
    }
  });

  it("take the anchor that a token is, nearly alone", async () => {
    for (const metric of METRICS) {
      const token = { rows: 1, columns: 6, data: donor.data.slice(6, 12) };
      for (const solver of ["barycentric", "least-squares"] as const) {
        const found = mixed(await nearestAnchors({ donor, rows: token, k: 4, metric, solver }), source);
        expect(difference(found.data, source.data.subarray(10, 20))).toBeLessThan(1e-5);
      }
      const [{ sources }] = rowsOf(await nearestAnchors({ donor, rows: token, k: 4, metric }));
      expect(sources[0]).toBe(1);
    }
  });

  it("leave out an anchor that points away", async () => {
    const found = await nearestAnchors({
      donor: matrixOf([
        [1, 0],
        [-1, 0.5],
      ]),
      rows: matrixOf([[1, 0]]),
      k: 2,
      metric: "cosine",
    });
    expect(rowsOf(found)).toEqual([{ sources: [0], weights: [1] }]);
  });

  for (const { name, donor } of degenerateAnchors()) {
    it(`have finite weights for ${name}`, async () => {
      for (const metric of METRICS) {
        for (const solver of SOLVERS) {
          const found = await nearestAnchors({ donor, rows: awkwardRows(donor), k: 99, metric, solver });
          expect(areFinite(found.weights), `${metric} ${solver}`).toBe(true);
          const rows = rowsOf(found);
          expect(rows[0].sources).toEqual([]);
          for (const { weights } of rows) {
            if (weights.length === 0 || solver === "least-squares") continue;
            expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 4);
            if (solver === "distance") expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
          }
        }
      }
    });
  }

  it("share the weight among equal anchors", async () => {
    const equal = matrixOf([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    for (const solver of SOLVERS) {
      const found = await nearestAnchors({ donor: equal, rows: matrixOf([[1, 2]]), k: 2, solver });
      const [{ sources, weights }] = rowsOf(found);
      expect(sources).toEqual([0, 1]);
      expect(difference(weights, [0.5, 0.5])).toBeLessThan(1e-6);
    }
  });

  it("name what they cannot use", async () => {
    const rows = matrixOf([[1, 2]]);
    const none = { rows: 0, columns: 2, data: new Float32Array(0) };
    const zeros = matrixOf([[0, 0]]);
    const broken = matrixOf([[1, Number.NaN]]);
    const call = (donor: Matrix, x: Matrix, k = 1) => nearestAnchors({ donor, rows: x, k, metric: "cosine" });
    await expect(call(none, rows)).rejects.toMatchObject({ code: "no_evidence" });
    await expect(call(zeros, rows)).rejects.toMatchObject({ code: "no_evidence" });
    await expect(call(broken, rows)).rejects.toMatchObject({ code: "not_finite" });
    await expect(call(rows, broken)).rejects.toMatchObject({ code: "not_finite" });
    await expect(call(matrixOf([[1]]), rows)).rejects.toMatchObject({ code: "shape_mismatch" });
    await expect(call(rows, rows, 0)).rejects.toMatchObject({ code: "bad_options" });
  });

  it("stop when they are told to", async () => {
    const job = { abortSignal: AbortSignal.abort() };
    await expect(nearestAnchors({ donor, rows, k: 3, job })).rejects.toMatchObject({ code: "aborted" });
  });
});

function only(sources: number[], weights: number[]): Mixture {
  return {
    offsets: Uint32Array.of(0, sources.length),
    sources: Uint32Array.from(sources),
    weights: Float32Array.from(weights),
  };
}

function plainSearch({ rows, columns, data }: Matrix, { data: x }: Matrix, k: number): number[] {
  const distances = Array.from({ length: rows }, (_, id) => ({
    id,
    distance: x.reduce((sum, value, j) => sum + (value - data[id * columns + j]) ** 2, 0),
  }));
  return distances
    .sort((a, b) => a.distance - b.distance || a.id - b.id)
    .slice(0, k)
    .map(({ id }) => id);
}

describe("weights of least norm", () => {
  it("equal the pseudo-inverse for points that are dependent or not", async () => {
    for (const [k, d] of [
      [1, 1],
      [3, 8],
      [8, 3],
      [6, 6],
    ]) {
      const points = randomMatrix(k, d, k);
      const target = randomMatrix(1, d, 9).data;
      const inverse = pseudoInverse(MlMatrix.from1DArray(k, d, points.data).transpose());
      const expected = inverse.mmul(MlMatrix.columnVector([...target])).to1DArray();
      expect(difference(await minimumNormWeights(points, target), expected)).toBeLessThan(1e-6);
    }
  });

  it("are the same by Cholesky and by eigenvectors", async () => {
    const gram = Float64Array.of(4, 1, 1, 3);
    const right = Float64Array.of(1, 2);
    const expected = await byEigenvectors(gram, right, 1e-12);
    expect(difference(byCholesky(gram, right) ?? [], expected)).toBeLessThan(1e-12);
    expect(byCholesky(Float64Array.of(1, 1, 1, 1), right)).toBeUndefined();
  });
});
