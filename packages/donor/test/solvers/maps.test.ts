import type { Matrix } from "@revocab/core";
import { choleskyFactor, type Matrix64, transposed } from "@revocab/matrix";
import { kernelProducts, openDenseProducts } from "@revocab/onnx";
import { polarFactor } from "@revocab/onnx/internal";
import { Matrix as MlMatrix, SingularValueDecomposition, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { type AffineMap, applyAffineMap } from "../../src/solvers/affine-map.ts";
import type { AnchorRows } from "../../src/solvers/anchor-rows.ts";
import { clpMap, clpRows, meanCosines } from "../../src/solvers/clp.ts";
import { orthogonalMap } from "../../src/solvers/orthogonal-map.ts";
import { principalSubspace, subspaceIteration } from "../../src/solvers/principal-subspace.ts";
import { ridgeMap } from "../../src/solvers/ridge-map.ts";
import { sparseBasis, sparseBasisMap } from "../../src/solvers/sparse-basis.ts";
import { solveByFactor } from "../../src/solvers/triangular-systems.ts";
import {
  areFinite,
  awkwardRows,
  degenerateAnchors,
  difference,
  golden,
  matrixOf,
  product,
  randomMatrix,
} from "./matrices.ts";
import { pursuePlainly } from "./pursue-plainly.ts";

const products = kernelProducts();
const figures = golden("mergekit_methods");
const anchors = { donor: matrixOf(figures.donor_shared), source: matrixOf(figures.base_shared) };
const rows = matrixOf(figures.targets);

describe("the orthogonal map", () => {
  it("equals the reference with its rotation put right", async () => {
    const found = await applyAffineMap(await orthogonalMap(anchors, { products }), rows);
    expect(difference(found.data, figures.landmark_pca_CORRECTED_rotation.flat())).toBeLessThan(1e-5);
  });

  it("finds the turn that made the source, and its inverse from the wider side", async () => {
    const turn = orthogonalRows(5, 9);
    const donor = randomMatrix(40, 5, 1);
    const source = { ...product(donor, turn) };
    source.data.forEach((value, i) => {
      source.data[i] = value + (i % 9);
    });
    const forwards = await orthogonalMap({ donor, source }, { products });
    expect(difference(forwards.linear.data, turn.data)).toBeLessThan(1e-5);
    expect(difference((await applyAffineMap(forwards, donor)).data, source.data)).toBeLessThan(1e-5);
    const backwards = await orthogonalMap({ donor: source, source: donor }, { products });
    expect(difference(backwards.linear.data, transposed(turn).data)).toBeLessThan(1e-5);
    expect(backwards.rank).toBe(5);
  });

  it("of equal widths turns without narrowing", async () => {
    const turn = orthogonalRows(6, 6);
    const donor = randomMatrix(30, 6, 2);
    const found = await orthogonalMap({ donor, source: product(donor, turn) }, { products });
    expect(difference(found.linear.data, turn.data)).toBeLessThan(1e-5);
  });

  it("gives the mean's value in directions that no anchor says anything of", async () => {
    const donor = matrixOf([
      [1, 0, 0],
      [-1, 0, 0],
    ]);
    const source = matrixOf([
      [5, 7, 0],
      [5, 3, 0],
    ]);
    const map = await orthogonalMap({ donor, source }, { products });
    expect(map.rank).toBe(1);
    const found = await applyAffineMap(map, matrixOf([[2, 9, -4]]));
    expect(difference(found.data, [5, 7, 0])).toBeLessThan(1e-6);
  });

  it("keeps lengths from equal widths: rows of the map are orthonormal", async () => {
    const { linear } = await orthogonalMap(
      { donor: randomMatrix(80, 24, 3), source: randomMatrix(80, 24, 4) },
      { products },
    );
    expect(difference(product(linear, transposed(linear)).data, identity(24))).toBeLessThan(1e-5);
  });
});

describe("the ridge map", () => {
  it("equals its normal equations solved by ml-matrix", async () => {
    const { linear, from, to } = await ridgeMap(anchors, { products, ridge: 0.3 });
    const centred = (matrix: Matrix, mean: Float64Array) =>
      MlMatrix.from1DArray(
        matrix.rows,
        matrix.columns,
        Float64Array.from(matrix.data, (value, i) => value - mean[i % matrix.columns]),
      );
    const g = centred(anchors.donor, from);
    const gram = g.transpose().mmul(g);
    const regular = MlMatrix.add(gram, MlMatrix.eye(6).mul((0.3 * gram.trace()) / 6));
    const expected = solve(regular, g.transpose().mmul(centred(anchors.source, to)));
    expect(difference(linear.data, expected.to1DArray())).toBeLessThan(1e-5);
  });

  it("comes near to a linear map that made the source, the nearer the smaller the ridge", async () => {
    const truth = randomMatrix(6, 10, 11);
    const donor = randomMatrix(60, 6, 12);
    const source = product(donor, truth);
    const far = await ridgeMap({ donor, source }, { products });
    const near = await ridgeMap({ donor, source }, { products, ridge: 1e-6 });
    expect(difference(near.linear.data, truth.data)).toBeLessThan(1e-4);
    expect(difference(far.linear.data, truth.data)).toBeLessThan(0.2);
  });

  it("refuses a ridge of 0", async () => {
    await expect(ridgeMap(anchors, { products, ridge: 0 })).rejects.toMatchObject({ code: "bad_options" });
  });
});

describe("CLP", () => {
  const clp = golden("focus_clp");
  const shared = { donor: matrixOf(clp.aux_overlap), source: matrixOf(clp.source_overlap) };
  const fresh = matrixOf(clp.aux_new);

  it("equals the golden rows", async () => {
    const found = await clpRows(await clpMap(shared, { products }), fresh);
    expect(difference(found.rows.data, clp.clp_result.flat())).toBeLessThan(1e-5);
    expect([...found.isCovered]).toEqual([1, 1, 1, 1]);
  });

  it("is the weighted sum over all anchors", async () => {
    const found = await clpRows(await clpMap(shared, { products }), fresh);
    const expected = product(matrixOf(clp.clp_weights), shared.source);
    expect(difference(found.rows.data, expected.data)).toBeLessThan(1e-5);
    const cosines: number[][] = clp.cosine;
    const means = cosines.map((row) => row.reduce((sum, value) => sum + value) / 12);
    expect(difference(meanCosines(await clpMap(shared, { products }), fresh), means)).toBeLessThan(1e-5);
  });

  it("names rows of another width, as every map does", async () => {
    const row = matrixOf([[1]]);
    const clp = await clpMap(shared, { products });
    await expect(clpRows(clp, row)).rejects.toMatchObject({ code: "shape_mismatch" });
    const map = await ridgeMap(shared, { products });
    await expect(applyAffineMap(map, row)).rejects.toMatchObject({ code: "shape_mismatch" });
    const broken = matrixOf([[1, 2, Number.NaN, 4, 5]]);
    await expect(applyAffineMap(map, broken)).rejects.toMatchObject({ code: "not_finite" });
  });

  it("does not cover a row of zeros, or one whose cosines cancel", async () => {
    const opposite = {
      donor: matrixOf([
        [1, 0],
        [-1, 0],
      ]),
      source: matrixOf([[1], [2]]),
    };
    const tokens = matrixOf([
      [0, 0],
      [1, 1],
    ]);
    const found = await clpRows(await clpMap(opposite, { products }), tokens);
    expect([...found.isCovered]).toEqual([0, 0]);
    expect([...found.rows.data]).toEqual([0, 0]);
  });

  for (const { name, donor, source } of degenerateAnchors()) {
    it(`has finite rows for ${name}`, async () => {
      const found = await clpRows(await clpMap({ donor, source }, { products }), awkwardRows(donor));
      expect(areFinite(found.rows.data)).toBe(true);
      expect(found.isCovered[0]).toBe(0);
    });
  }
});

describe("the sparse token basis", () => {
  it("equals the reference", async () => {
    const basis = await sparseBasis(anchors, { products, k: 3, pursue: pursuePlainly });
    const signs = rowSigns(basis.donor, figures.stb_k3.donor_basis);
    expect(difference(basis.donor.data, signed(figures.stb_k3.donor_basis, signs))).toBeLessThan(1e-4);
    expect(difference(basis.source.data, signed(figures.stb_k3.orig_basis, signs))).toBeLessThan(1e-4);
    const map = await sparseBasisMap(anchors, { products, k: 3, pursue: pursuePlainly });
    const found = await applyAffineMap(map, rows);
    expect(difference(found.data, figures.stb_k3.result.flat())).toBeLessThan(1e-4);
    expect(map.rank).toBe(6);
  });

  it("of a wider donor writes rows in a basis of the source's width", async () => {
    const turned = { donor: anchors.source, source: anchors.donor };
    const basis = await sparseBasis(turned, { products, k: 3, pursue: pursuePlainly });
    expect([basis.donor.rows, basis.donor.columns, basis.source.columns]).toEqual([6, 10, 6]);
    const map = await sparseBasisMap(turned, { products, k: 3, pursue: pursuePlainly });
    for (let i = 0; i < 6; i++) {
      const vector = Float32Array.from({ length: 10 }, (_, j) => basis.donor.data[i * 10 + j] + map.from[j]);
      const found = await applyAffineMap(map, { rows: 1, columns: 10, data: vector });
      const expected = Array.from({ length: 6 }, (_, j) => basis.source.data[i * 6 + j] + map.to[j]);
      expect(difference(found.data, expected)).toBeLessThan(1e-4);
    }
  });
});

const MAPS: Readonly<Record<string, (anchors: AnchorRows) => Promise<AffineMap>>> = {
  "the orthogonal map": (anchors) => orthogonalMap(anchors, { products }),
  "the ridge map": (anchors) => ridgeMap(anchors, { products }),
  "the sparse token basis": (anchors) => sparseBasisMap(anchors, { products, k: 99, pursue: pursuePlainly }),
};

for (const [method, fit] of Object.entries(MAPS)) {
  describe(`${method} at its limits`, () => {
    for (const { name, donor, source } of degenerateAnchors()) {
      it(`has finite rows for ${name}`, async () => {
        const map = await fit({ donor, source });
        const found = await applyAffineMap(map, awkwardRows(donor));
        expect(areFinite(found.data)).toBe(true);
        expect(map.rank).toBeLessThanOrEqual(Math.min(donor.columns, donor.rows));
      });
    }

    it("makes the mean of the source rows of equal anchors", async () => {
      const equal = {
        donor: matrixOf([
          [1, 2],
          [1, 2],
        ]),
        source: matrixOf([
          [3, 4, 5],
          [3, 4, 7],
        ]),
      };
      const map = await fit(equal);
      const found = await applyAffineMap(map, matrixOf([[8, -9]]));
      expect(difference(found.data, [3, 4, 6])).toBeLessThan(1e-6);
      expect(map.rank).toBe(0);
    });

    it("names what it cannot use", async () => {
      const row = matrixOf([[1, 2]]);
      const none = { rows: 0, columns: 2, data: new Float32Array(0) };
      const flat = { rows: 1, columns: 0, data: new Float32Array(0) };
      const broken = matrixOf([[1, Number.POSITIVE_INFINITY]]);
      await expect(fit({ donor: none, source: none })).rejects.toMatchObject({ code: "no_evidence" });
      await expect(fit({ donor: row, source: none })).rejects.toMatchObject({ code: "no_evidence" });
      await expect(fit({ donor: flat, source: row })).rejects.toMatchObject({ code: "shape_mismatch" });
      await expect(fit({ donor: broken, source: row })).rejects.toMatchObject({ code: "not_finite" });
      await expect(fit({ donor: row, source: broken })).rejects.toMatchObject({ code: "not_finite" });
      const two = matrixOf([[1], [2]]);
      await expect(fit({ donor: row, source: two })).rejects.toMatchObject({ code: "shape_mismatch" });
    });
  });
}

describe("the polar factor", () => {
  for (const size of [1, 2, 30, 100]) {
    it(`equals U·Vᵀ of the singular value decomposition: ${size} columns`, async () => {
      const matrix = doubles(randomMatrix(size, size, size));
      const { factor, rank } = await polarFactor(matrix, products);
      expect(difference(factor.data, bySingularValues(matrix, size).data)).toBeLessThan(1e-9);
      expect(rank).toBe(size);
    });
  }

  it("of a matrix with singular values from 1 to 10⁻⁸ is that of the decomposition", async () => {
    const left = orthogonalRows(20, 20);
    const right = doubles(orthogonalRows(20, 20, 21));
    right.data.forEach((value, i) => {
      right.data[i] = value * 10 ** ((-8 * Math.floor(i / 20)) / 19);
    });
    const matrix = await products.multiply(doubles(left), right);
    const { factor, rank } = await polarFactor(matrix, products);
    expect(rank).toBe(20);
    expect(difference(factor.data, bySingularValues(matrix, 20).data)).toBeLessThan(1e-6);
  });

  it("of a singular matrix leaves its null space at 0", async () => {
    const left = doubles(randomMatrix(60, 25, 1));
    const right = doubles(randomMatrix(25, 60, 2));
    const matrix = await products.multiply(left, right);
    const { factor, rank } = await polarFactor(matrix, products);
    expect(rank).toBe(25);
    expect(difference(factor.data, bySingularValues(matrix, 25).data)).toBeLessThan(1e-6);
  });

  it("is the same by the runtime", async () => {
    const matrix = doubles(randomMatrix(70, 70, 5));
    const runtime = await openDenseProducts(2);
    try {
      const expected = await polarFactor(matrix, products);
      const found = await polarFactor(matrix, runtime);
      expect(difference(found.factor.data, expected.factor.data)).toBeLessThan(1e-9);
    } finally {
      await runtime.release();
    }
  });
});

describe("the principal subspace", () => {
  it("by iteration is that of the eigenvectors where variances part clearly", async () => {
    const covariance = await covarianceWith((i) => (i < 12 ? 1 + i / 12 : 0.01));
    const exact = await principalSubspace(covariance, 12, products);
    const found = await subspaceIteration(covariance, 12, products);
    expect(difference(await projector(found), await projector(exact))).toBeLessThan(1e-6);
  });

  it("by iteration holds as much of the variance where they do not", async () => {
    const covariance = await covarianceWith((i) => 1 / (1 + i));
    const held = async (axes: Matrix64) => {
      const image = await products.multiply(covariance, axes);
      return image.data.reduce((sum, value, i) => sum + value * axes.data[i], 0);
    };
    const exact = await held(await principalSubspace(covariance, 20, products));
    const found = await held(await subspaceIteration(covariance, 20, products));
    expect(found).toBeGreaterThan(0.995 * exact);
  });

  it("by iteration has null columns where no variance is left", async () => {
    const covariance = await covarianceWith((i) => (i < 3 ? 1 : 0));
    const found = await subspaceIteration(covariance, 6, products);
    const lengths = found.data.reduce((sum, value) => sum + value ** 2, 0);
    expect(areFinite(found.data)).toBe(true);
    expect(lengths).toBeCloseTo(3, 6);
  });
});

describe("systems by a Cholesky factor", () => {
  for (const size of [1, 127, 128, 129, 300]) {
    it(`are solved in blocks: ${size} rows`, async () => {
      const rows = doubles(randomMatrix(size + 5, size, 3));
      const matrix = await products.multiply(rows, rows, { transposeLeft: true });
      const truth = doubles(randomMatrix(size, 3, 4));
      const right = await products.multiply(matrix, truth);
      const found = await solveByFactor(choleskyFactor(matrix.data, size), right, products);
      expect(difference(found.data, truth.data)).toBeLessThan(1e-5);
    });
  }

  it("that are singular have a solution all the same", async () => {
    const rows = doubles(randomMatrix(4, 9, 3));
    const matrix = await products.multiply(rows, rows, { transposeLeft: true });
    const right = await products.multiply(matrix, doubles(randomMatrix(9, 2, 4)));
    const found = await solveByFactor(choleskyFactor(matrix.data, 9), right, products);
    expect(difference((await products.multiply(matrix, found)).data, right.data)).toBeLessThan(1e-9);
  });
});

function doubles({ rows, columns, data }: Matrix): Matrix64 {
  return { rows, columns, data: Float64Array.from(data) };
}

function identity(size: number): number[] {
  return Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** [p × q] orthonormal rows, p ≤ q. */
function orthogonalRows(p: number, q: number, seed = 7): Matrix {
  const { data } = randomMatrix(q, q, seed);
  const found = new SingularValueDecomposition(MlMatrix.from1DArray(q, q, data)).leftSingularVectors;
  return matrixOf(found.to2DArray().slice(0, p));
}

/** U_r·V_rᵀ */
function bySingularValues({ rows, columns, data }: Matrix64, rank: number): Matrix64 {
  const found = new SingularValueDecomposition(MlMatrix.from1DArray(rows, columns, data));
  const left = found.leftSingularVectors.subMatrix(0, rows - 1, 0, rank - 1);
  const right = found.rightSingularVectors.subMatrix(0, columns - 1, 0, rank - 1);
  return { rows, columns, data: Float64Array.from(left.mmul(right.transpose()).to1DArray()) };
}

/** [40 × 40] with the given eigenvalues */
async function covarianceWith(value: (i: number) => number): Promise<Matrix64> {
  const axes = doubles(orthogonalRows(40, 40));
  const data = axes.data.map((entry, i) => entry * Math.sqrt(value(Math.floor(i / 40))));
  const roots = { ...axes, data };
  return products.multiply(roots, roots, { transposeLeft: true });
}

async function projector(axes: Matrix64): Promise<ArrayLike<number>> {
  return (await products.multiply(axes, axes, { transposeRight: true })).data;
}

/** ±1 a row: an eigenvector's sign is open. */
function rowSigns({ columns, data }: Matrix64, expected: number[][]): number[] {
  return expected.map((row, i) =>
    Math.sign(row.reduce((sum, value, j) => sum + value * data[i * columns + j], 0)),
  );
}

function signed(rows: number[][], signs: number[]): number[] {
  return rows.flatMap((row, i) => row.map((value) => value * signs[i]));
}
