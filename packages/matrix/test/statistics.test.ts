import { RevocabError } from "@revocab/core";
import {
  choleskyFactor,
  columnMoments,
  covariance,
  leadingEigenvectors,
  randomStream,
  storeMatrix,
} from "@revocab/matrix";
import { CholeskyDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { describe, expect, it } from "vitest";

describe("columnMoments", () => {
  it("gives the worked example", async () => {
    const stored = storeMatrix({ rows: 4, columns: 2, data: Float32Array.of(1, 10, 3, 10, 99, 99, 5, 16) });
    expect(await columnMoments(stored, { isUsed: (row) => row !== 2 })).toEqual({
      count: 3,
      mean: Float64Array.of(3, 12),
      variance: Float64Array.of(8 / 3, 8),
    });
  });

  it("keeps the variance of small differences beside a large mean", async () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => 2 ** 20 + (i % 2));
    const { variance } = await columnMoments(storeMatrix({ rows: 1000, columns: 1, data }));
    expect(variance[0]).toBeCloseTo(0.25, 9);
  });

  it("refuses a matrix without a used row", async () => {
    const stored = storeMatrix({ rows: 2, columns: 1, data: Float32Array.of(1, 2) });
    await expect(columnMoments(stored, { isUsed: () => false })).rejects.toMatchObject({
      code: "no_evidence",
    });
  });
});

describe("covariance", () => {
  for (const rows of [1, 255, 256, 257, 600]) {
    for (const columns of [1, 3, 4, 5, 67, 70]) {
      it(`equals the definition: ${rows} rows, ${columns} columns`, async () => {
        const matrix = normals(rows, columns);
        const isUsed = (row: number) => row % 7 !== 3;
        const found = await covariance(storeMatrix(matrix), { isUsed });
        const expected = definition(matrix, isUsed);
        expect(found.count).toBe(expected.count);
        for (let i = 0; i < expected.covariance.length; i++) {
          expect(Math.abs(found.covariance[i] - expected.covariance[i])).toBeLessThan(1e-13);
        }
      });
    }
  }

  it("has the column variances on its diagonal", async () => {
    const stored = storeMatrix(normals(500, 33), "BF16");
    const { variance } = await columnMoments(stored);
    const found = await covariance(stored);
    variance.forEach((value, j) => {
      expect(found.covariance[j * 33 + j]).toBeCloseTo(value, 12);
    });
  });

  it("stops when it is aborted", async () => {
    const failure = covariance(storeMatrix(normals(10, 4)), { job: { abortSignal: AbortSignal.abort() } });
    await expect(failure).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("choleskyFactor", () => {
  for (const size of [1, 2, 5, 63, 64, 65, 130]) {
    it(`equals ml-matrix's factor: ${size} columns`, async () => {
      const { covariance: matrix } = await covariance(storeMatrix(normals(size * 3, size)));
      const expected = new CholeskyDecomposition(square(matrix, size)).lowerTriangularMatrix;
      const found = choleskyFactor(matrix, size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          expect(Math.abs(found[i * size + j] - expected.get(i, j))).toBeLessThan(1e-11);
        }
      }
    });

    it(`gives L with L·Lᵀ the input, also where the input has half its rank: ${size} columns`, async () => {
      const rank = Math.ceil(size / 2);
      const factors = normals(size, rank);
      const matrix = new Float64Array(size * size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          for (let k = 0; k < rank; k++) {
            matrix[i * size + j] += factors.data[i * rank + k] * factors.data[j * rank + k];
          }
        }
      }
      const found = choleskyFactor(matrix, size);
      const lower = square(found, size);
      const product = lower.mmul(lower.transpose()).to1DArray();
      product.forEach((value, i) => {
        expect(Math.abs(value - matrix[i])).toBeLessThan(1e-9 * size);
      });
      const isInUse = (j: number) => found[j * size + j] ** 2 > 1e-6 * matrix[j * size + j];
      expect(Array.from({ length: size }, (_, j) => j).filter(isInUse)).toHaveLength(rank);
    });
  }

  it("gives null columns for null rows", () => {
    expect(choleskyFactor(Float64Array.of(0, 0, 0, 4), 2)).toEqual(Float64Array.of(0, 0, 0, 2));
  });

  it.each([
    ["is indefinite", Float64Array.of(1, 2, 2, 1), 2, "bad_options"],
    ["has a NaN", Float64Array.of(1, Number.NaN, Number.NaN, 1), 2, "bad_options"],
    ["is not square", Float64Array.of(1, 2, 3), 2, "shape_mismatch"],
  ])("refuses a matrix that %s", (_, matrix, size, code) => {
    expect(() => choleskyFactor(matrix, size)).toThrow(RevocabError);
    try {
      choleskyFactor(matrix, size);
    } catch (error) {
      expect(error).toMatchObject({ code });
    }
  });
});

function normals(rows: number, columns: number) {
  const { normal } = randomStream(rows, columns);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, normal) };
}

function square(values: Float64Array, size: number): MlMatrix {
  return MlMatrix.from1DArray(size, size, values);
}

function definition(matrix: ReturnType<typeof normals>, isUsed: (row: number) => boolean) {
  const { columns, data } = matrix;
  const rows = Array.from({ length: matrix.rows }, (_, row) => row).filter(isUsed);
  const mean = Array.from(
    { length: columns },
    (_, j) => sum(rows, (row) => data[row * columns + j]) / rows.length,
  );
  const covariance = Array.from({ length: columns * columns }, (_, at) => {
    const i = Math.floor(at / columns);
    const j = at % columns;
    const product = (row: number) =>
      (data[row * columns + i] - mean[i]) * (data[row * columns + j] - mean[j]);
    return sum(rows, product) / rows.length;
  });
  return { count: rows.length, covariance };
}

function sum(rows: readonly number[], value: (row: number) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}

describe("leadingEigenvectors", () => {
  it("gives those of the worked example, the largest first", async () => {
    // [[2, 1], [1, 2]] has the eigenvalues 3 and 1, along (1, 1) and (1, −1); 5 stands alone
    const data = Float64Array.of(2, 0, 1, 0, 5, 0, 1, 0, 2);
    const { vectors, values } = await leadingEigenvectors({ rows: 3, data }, 2);
    for (const [i, expected] of [5, 3, 1].entries()) expect(values[i]).toBeCloseTo(expected, 12);
    const absolute = Array.from(vectors.data, Math.abs);
    const half = Math.SQRT1_2;
    for (const [i, expected] of [0, half, 1, 0, 0, half].entries())
      expect(absolute[i]).toBeCloseTo(expected, 12);
    expect(vectors.data[1]! * vectors.data[5]!).toBeGreaterThan(0);
  });
});
