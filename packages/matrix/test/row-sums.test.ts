import type { Matrix, StoredDtype } from "@revocab/core";
import {
  decodeInto,
  encodeInto,
  gatherSum,
  MixtureBuilder,
  openRowSums,
  randomStream,
} from "@revocab/matrix";
import { describe, expect, it } from "vitest";

const COLUMNS = 71;

function randomRows(rows: number, seed: number): Matrix {
  const { normal } = randomStream(seed, 0);
  return { rows, columns: COLUMNS, data: Float32Array.from({ length: rows * COLUMNS }, normal) };
}

function rowOf({ columns, data }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}

function stored(dtype: StoredDtype, values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * (dtype === "F32" ? 4 : 2));
  encodeInto(dtype, values, bytes);
  return bytes;
}

/** As they are after rounding to the dtype. */
function rounded(dtype: StoredDtype, matrix: Matrix): Matrix {
  const data = new Float32Array(matrix.data.length);
  decodeInto(dtype, stored(dtype, matrix.data), data);
  return { ...matrix, data };
}

function mixtureOf(rows: readonly (readonly [number, number])[][]) {
  const builder = new MixtureBuilder();
  for (const row of rows) {
    builder.addRow(
      row.map(([source]) => source),
      row.map(([, weight]) => weight),
    );
  }
  return builder.build();
}

describe("openRowSums", () => {
  it.each([
    ["F32", 0],
    ["F16", 0],
    ["F16", 1],
    ["BF16", 3],
  ] as const)(
    "%s with %d threads: sums are those of gatherSum, also after rows were replaced",
    async (dtype, threads) => {
      const rows = rounded(dtype, randomRows(6, 1));
      const basis = randomRows(2, 2);
      const sums = openRowSums({
        dtype,
        columns: COLUMNS,
        rows: 6,
        basisRows: 2,
        sums: 4,
        sources: 12,
        threads,
      });
      try {
        for (let i = 0; i < 2; i++) sums.basisRow(i).set(rowOf(basis, i));
        for (const round of [0, 1]) {
          for (let i = 0; i < 6; i++) sums.row(i).set(stored(dtype, rowOf(rows, (i + round) % 6)));
          const mixtures = [
            [
              [[0, 1]],
              [
                [7, 1],
                [3, -0.5],
                [2, 0.25],
              ],
              [],
              [
                [5, 2],
                [6, 1],
              ],
            ],
            [
              [
                [6, 1],
                [1, 3],
              ],
            ],
          ] as const;
          for (const wanted of mixtures) {
            const mixture = mixtureOf(
              wanted.map((row) => row.map(([source, weight]) => [source, weight] as const)),
            );
            const turned = { ...rows, data: Float32Array.from(rows.data) };
            for (let i = 0; i < 6; i++) turned.data.set(rowOf(rows, (i + round) % 6), i * COLUMNS);
            const expected = gatherSum(mixture, turned, basis);
            const found = await sums.sum(mixture);
            for (let row = 0; row < expected.rows; row++) {
              expect(found(row)).toEqual(stored(dtype, rowOf(expected, row)));
            }
          }
        }
      } finally {
        await sums.close();
      }
    },
  );

  it("says that rows are beyond what can be addressed", () => {
    expect(() =>
      openRowSums({ dtype: "F32", columns: 1e6, rows: 2000, basisRows: 0, sums: 1, sources: 1, threads: 0 }),
    ).toThrow(expect.objectContaining({ code: "not_enough_memory" }));
  });
});
