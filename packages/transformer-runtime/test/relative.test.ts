import { expect, it } from "vitest";
import { relativeRows } from "../src/body-feeds.ts";

/** The row for a key that stands so far before the query. */
function rowOf(distance: number, description: Parameters<typeof relativeRows>[0]): number {
  const T = Math.abs(distance) + 1;
  const rows = relativeRows(description, T);
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
