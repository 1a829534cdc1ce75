import { randomStream, solvePositive } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("solvePositive", () => {
  it("solves a worked example: [[4, 2], [2, 3]] · X = [[2, 8], [3, 8]]", () => {
    const solution = solvePositive(Float64Array.of(4, 2, 2, 3), 2, Float64Array.of(2, 8, 3, 8), 2);
    const expected = [0, 1, 1, 2];
    expected.map((value, i) => expect(solution[i]).toBeCloseTo(value, 12));
  });

  it("gives back X from A and A · X", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (size, columns, seed) => {
          const stream = randomStream(seed, 0);
          const factor = Float64Array.from({ length: size * size }, () => stream.normal());
          const matrix = new Float64Array(size * size);
          for (let i = 0; i < size; i++) {
            for (let j = 0; j < size; j++) {
              let sum = i === j ? 1 : 0;
              for (let k = 0; k < size; k++) sum += factor[i * size + k] * factor[j * size + k];
              matrix[i * size + j] = sum;
            }
          }
          const wanted = Float64Array.from({ length: size * columns }, () => stream.normal());
          const right = new Float64Array(size * columns);
          for (let i = 0; i < size; i++) {
            for (let k = 0; k < size; k++) {
              for (let j = 0; j < columns; j++) {
                right[i * columns + j] += matrix[i * size + k] * wanted[k * columns + j];
              }
            }
          }
          const solution = solvePositive(matrix, size, right, columns);
          const errors = solution.map((value, i) => Math.abs(value - wanted[i]));
          expect(Math.max(...errors)).toBeLessThan(1e-8);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("gives zeros where the matrix says nothing", () => {
    expect(Array.from(solvePositive(Float64Array.of(4, 0, 0, 0), 2, Float64Array.of(8, 0), 1))).toEqual([
      2, 0,
    ]);
  });
});
