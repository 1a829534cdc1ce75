import { readFileSync } from "node:fs";
import type { Matrix, Mixture } from "@revocab/core";
import { mixtureRow, randomStream } from "@revocab/matrix";

/** Reads `fixtures/NAME.json` beside this file. */
export function golden(name: string) {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));
}

export function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

export function randomMatrix(rows: number, columns: number, seed: number): Matrix {
  const stream = randomStream(seed, 0);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, () => stream.normal()) };
}

/** A · B */
export function product(a: Matrix, b: Matrix): Matrix {
  const data = new Float32Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.data[i * a.columns + k] * b.data[k * b.columns + j];
      data[i * b.columns + j] = sum;
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}

/** Each row of the mixture as a pair of plain lists. */
export function rowsOf(mixture: Mixture): { sources: number[]; weights: number[] }[] {
  return Array.from({ length: mixture.offsets.length - 1 }, (_, row) => {
    const { sources, weights } = mixtureRow(mixture, row);
    return { sources: [...sources], weights: [...weights] };
  });
}

/** The weighted sums of rows of B. */
export function mixed(mixture: Mixture, source: Matrix): Matrix {
  return matrixOf(
    rowsOf(mixture).map(({ sources, weights }) =>
      Array.from({ length: source.columns }, (_, j) =>
        sources.reduce((sum, id, i) => sum + weights[i] * source.data[id * source.columns + j], 0),
      ),
    ),
  );
}

/** The largest difference of two lists of numbers, beside the largest of the second. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const largest = Array.from(b).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return Array.from(a).reduce((most, value, i) => {
    const distance = Math.abs(value - b[i]) / largest;
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(most, distance);
  }, 0);
}

/** Anchors and new rows that a solver must survive. */
export function degenerateAnchors(): readonly {
  readonly name: string;
  readonly donor: Matrix;
  readonly source: Matrix;
}[] {
  const donor = randomMatrix(12, 6, 1);
  const source = randomMatrix(12, 8, 2);
  const first = (matrix: Matrix, rows: number): Matrix => ({
    ...matrix,
    rows,
    data: matrix.data.slice(0, rows * matrix.columns),
  });
  const withData = (matrix: Matrix, value: (i: number) => number): Matrix => ({
    ...matrix,
    data: matrix.data.map((_, i) => value(i)),
  });
  return [
    { name: "one anchor", donor: first(donor, 1), source: first(source, 1) },
    { name: "fewer anchors than columns", donor: first(donor, 3), source: first(source, 3) },
    {
      name: "all anchors equal",
      donor: withData(donor, (i) => donor.data[i % 6]),
      source: withData(source, (i) => source.data[i % 8]),
    },
    { name: "each anchor twice", donor: withData(donor, (i) => donor.data[i % 36]), source },
    { name: "some anchors of zeros", donor: withData(donor, (i) => (i < 30 ? 0 : donor.data[i])), source },
    {
      name: "dependent columns",
      donor: withData(donor, (i) => donor.data[i - (i % 2)]),
      source: withData(source, (i) => source.data[i - (i % 2)]),
    },
    { name: "widths of 1", donor: randomMatrix(12, 1, 3), source: randomMatrix(12, 1, 4) },
    { name: "donor width of 1", donor: randomMatrix(12, 1, 3), source },
    { name: "source width of 1", donor, source: randomMatrix(12, 1, 4) },
    { name: "tiny numbers", donor: withData(donor, (i) => donor.data[i] * 1e-20), source },
    { name: "huge numbers", donor: withData(donor, (i) => donor.data[i] * 1e15), source },
  ];
}

/** [4 × d] a row of zeros, the first anchor, its opposite, and a row like none. */
export function awkwardRows(donor: Matrix): Matrix {
  const { columns } = donor;
  const data = new Float32Array(4 * columns);
  for (let j = 0; j < columns; j++) {
    data[columns + j] = donor.data[j];
    data[2 * columns + j] = -donor.data[j];
    data[3 * columns + j] = (j % 2 === 0 ? 1 : -1) * Math.abs(donor.data[donor.data.length - 1] || 1);
  }
  return { rows: 4, columns, data };
}

export function areFinite(values: ArrayLike<number>): boolean {
  return Array.from(values).every(Number.isFinite);
}
