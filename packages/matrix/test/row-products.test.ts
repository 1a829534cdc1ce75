import { randomStream } from "@revocab/matrix";
import { openRowProducts } from "@revocab/matrix/internal";
import { describe, expect, it } from "vitest";

function randomRows(count: number, columns: number): Float32Array[] {
  const { normal } = randomStream(1, columns);
  return Array.from({ length: count }, () => Float32Array.from({ length: columns }, () => normal()));
}

/** The definition: four sums, of every fourth column, in f64. */
function naiveProduct(left: Float32Array, right: Float32Array): number {
  const sums = [0, 0, 0, 0];
  left.forEach((value, i) => {
    sums[i % 4] += value * right[i];
  });
  return sums[0] + sums[2] + (sums[1] + sums[3]);
}

describe("openRowProducts", () => {
  it.each([1, 3, 4, 5, 64])(
    "%d columns: bit for bit the definition, with 0, 1 and 3 threads",
    async (columns) => {
      const rows = randomRows(12, columns);
      const requests = Array.from({ length: 10 }, (_, i) => ({
        left: i,
        rights: Array.from({ length: i }, (_, j) => (i + j) % rows.length),
      }));
      for (const threads of [0, 1, 3]) {
        const products = openRowProducts({ columns, rows: 12, lefts: 10, rights: 9, threads });
        try {
          // a place is used again, also by what is shorter than four columns
          for (const [i, row] of rows.entries())
            products.place(
              row.map((value) => value + 1),
              i,
            );
          for (const [i, row] of rows.entries()) products.place(row, i);
          const productsOf = await products.multiply(requests);
          requests.forEach(({ left, rights }, i) => {
            const wanted = rights.map((right) => naiveProduct(rows[left], rows[right]));
            expect(Array.from(productsOf(i))).toEqual(wanted);
          });
        } finally {
          await products.close();
        }
      }
    },
  );

  it("says that rows are beyond what can be addressed", () => {
    expect(() => openRowProducts({ columns: 1e6, rows: 2000, lefts: 1, rights: 1, threads: 0 })).toThrow(
      expect.objectContaining({ code: "not_enough_memory" }),
    );
  });
});
