import {
  covariance,
  leadingEigenvectors,
  principalComponents,
  randomStream,
  storeMatrix,
} from "@revocab/matrix";
import { failure } from "@revocab/test-support/failure";
import { describe, expect, it } from "vitest";

/** [n × d] normal, column j with standard deviation 1 / (j + 1), around 3, turned by mixing neighbouring columns. */
function cloud(rows: number, columns: number) {
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const stream = randomStream(1, row);
    const own = Array.from({ length: columns }, (_, j) => stream.normal() / (j + 1));
    for (let j = 0; j < columns; j++) {
      data[row * columns + j] = 3 + own[j] * 0.8 + own[(j + 1) % columns] * 0.6;
    }
  }
  return { rows, columns, data };
}

describe("principal components", () => {
  it("of points on a line are its direction, worked by hand", async () => {
    // (1, 2) + t · (3, 4) for t = −2, 0, 2
    const data = Float32Array.of(-5, -6, 1, 2, 7, 10);
    const { mean, directions, shares } = await principalComponents({ rows: 3, columns: 2, data }, 2);
    expect([...mean]).toEqual([1, 2]);
    expect(directions[0][0]).toBeCloseTo(0.6, 12);
    expect(directions[0][1]).toBeCloseTo(0.8, 12);
    expect(shares[0]).toBeCloseTo(1, 12);
    expect(shares[1]).toBeCloseTo(0, 12);
  });

  it.each([
    [40, 5],
    [300, 40],
    [50, 120],
  ])("of [%i × %i] are the leading eigenvectors of the covariance", async (rows, columns) => {
    const matrix = cloud(rows, columns);
    const { covariance: data } = await covariance(storeMatrix(matrix));
    const { vectors, values } = await leadingEigenvectors({ rows: columns, data }, 2);
    const whole = values.reduce((sum, value) => sum + value, 0);
    const { directions, shares } = await principalComponents(matrix, 2);
    for (const [i, direction] of directions.entries()) {
      const cosine = direction.reduce((sum, value, j) => sum + value * vectors.data[j * 2 + i], 0);
      expect(Math.abs(cosine)).toBeCloseTo(1, 8);
      expect(shares[i]).toBeCloseTo(values[i] / whole, 10);
      const largest = [...direction].sort((a, b) => Math.abs(b) - Math.abs(a))[0];
      expect(largest).toBeGreaterThan(0);
    }
  });

  it("of equal rows have no variance", async () => {
    const { shares } = await principalComponents(
      { rows: 3, columns: 2, data: new Float32Array(6).fill(2) },
      2,
    );
    expect(shares).toEqual([0, 0]);
  });

  it("need rows", async () => {
    expect(
      await failure(principalComponents({ rows: 0, columns: 2, data: new Float32Array(0) }, 2)),
    ).toMatchObject({
      code: "no_evidence",
    });
  });
});
