import { describe, expect, it } from "vitest";
import { biasRow, relativeRow, relativeRows } from "../src/body-feeds.ts";

/** The row for a key that stands so far before the query. */
function rowOf(distance: number, description: Parameters<typeof relativeRow>[0]): number {
  const T = Math.abs(distance) + 1;
  const rows = relativeRows(relativeRow(description), T);
  return Number(distance < 0 ? rows[T - 1] : rows[(T - 1) * T]);
}

it("great distances share rows as the reference library shares them in DeBERTa 3", () => {
  const description = { table: { tensor: "", rows: 512 }, span: 256, buckets: { size: 256, longest: 512 } };
  const distances = [1, 128, 129, 130, 200, 300, 511, -511, -200];
  expect(distances.map((distance) => rowOf(distance, description) - 256)).toEqual([
    1, 128, 129, 130, 169, 207, 255, -255, -169,
  ]);
});

it("distances beyond the table take its first and its last row", () => {
  const description = { table: { tensor: "", rows: 14 }, span: 7 };
  expect([-20, -7, -6, 0, 6, 7, 20].map((distance) => rowOf(distance, description))).toEqual([
    0, 0, 1, 7, 13, 13, 13,
  ]);
});

describe("distances share biases as the reference library shares them in T5", () => {
  const description = { table: { tensor: "", rows: 32 }, longest: 128 };
  const distances = [0, 1, 7, 8, 11, 12, 15, 16, 23, 32, 33, 64, 127, 128, 500];

  it("in a decoder, where a key stands before its query", () =>
    expect(distances.map(biasRow(description, "causal"))).toEqual([
      0, 1, 7, 8, 11, 12, 15, 16, 18, 21, 21, 26, 31, 31, 31,
    ]));

  it("in an encoder, half of them for keys after the query", () => {
    const rowOf = biasRow(description, "masked");
    expect(distances.map(rowOf)).toEqual([0, 1, 7, 8, 8, 9, 9, 10, 11, 12, 12, 14, 15, 15, 15]);
    expect(distances.map((distance) => rowOf(-distance))).toEqual([
      0, 17, 23, 24, 24, 25, 25, 26, 27, 28, 28, 30, 31, 31, 31,
    ]);
  });
});
