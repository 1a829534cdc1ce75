import { randomStream } from "@revocab/matrix";
import { openQuantizedRows, quantizeRow } from "@revocab/matrix/internal";
import { describe, expect, it } from "vitest";

function randomRow(columns: number, id: number, length = 1): Float32Array {
  const { normal } = randomStream(1, id);
  return Float32Array.from({ length: columns }, () => length * normal());
}

function distance(row: Float32Array, other: (i: number) => number): number {
  return Math.hypot(...Array.from(row, (value, i) => value - other(i)));
}

describe("quantizeRow", () => {
  it("gives the largest value 127 and says how far the whole numbers are from the row", () => {
    const row = Float32Array.of(0.5, -1, 0.1, 0);
    const values = new Int8Array(4);
    const { scale, error } = quantizeRow(row, values);
    expect(Array.from(values)).toEqual([64, -127, 13, 0]);
    const measured = distance(row, (i) => scale * values[i]);
    expect(error).toBeGreaterThanOrEqual(measured);
    expect(error).toBeLessThan(measured * 1.00001);
  });

  it("a row of zeros has no scale and no error", () => {
    expect(quantizeRow(new Float32Array(3), new Int8Array(3))).toEqual({ scale: 0, error: 0 });
  });
});

describe("openQuantizedRows", () => {
  it.each([1, 15, 16, 17, 100])(
    "%d columns: the products are those of the whole numbers, whatever the threads",
    async (columns) => {
      const count = 600;
      const query = randomRow(columns, 0);
      const rows = Array.from({ length: count }, (_, row) => randomRow(columns, row + 1, 1 + row));
      let known: readonly number[] | undefined;
      for (const threads of [0, 1, 3]) {
        const held = openQuantizedRows({ columns, rows: count, ranges: 2, threads });
        try {
          held.values.fill(-128); // what lies behind the columns must not count
          for (const [i, row] of rows.entries()) {
            held.scales[i] = quantizeRow(
              row,
              held.values.subarray(i * held.width, i * held.width + columns),
            ).scale;
            held.addends[i] = i / 7;
          }
          const { products, error } = await held.multiply(query, [
            { first: 3, end: 301 },
            { first: 400, end: 600 },
          ]);
          for (const i of [3, 100, 300, 400, 599]) {
            let sum = 0;
            for (let j = 0; j < columns; j++) sum += held.values[i * held.width + j] * query[j];
            const length = 127 * Math.sqrt(columns) * held.scales[i];
            expect(Math.abs(products[i] - i / 7 - sum * held.scales[i])).toBeLessThan(
              length * (error + 1e-5),
            );
          }
          expect(error).toBeLessThan(distance(query, () => 0) * 1e-3);
          known ??= Array.from(products.slice(3, 301));
          expect(Array.from(products.slice(3, 301))).toEqual(known);
        } finally {
          await held.close();
        }
      }
    },
  );

  it("the largest values a row and a query can have do not overflow", async () => {
    const columns = 4096;
    const held = openQuantizedRows({ columns, rows: 1, threads: 0 });
    held.values.fill(-128);
    held.scales[0] = 1;
    const { products } = await held.multiply(new Float32Array(columns).fill(3), [{ first: 0, end: 1 }]);
    expect(products[0]).toBeCloseTo(-128 * 3 * columns, -1);
    await held.close();
  });

  it("says that rows are beyond what can be addressed", () => {
    expect(() => openQuantizedRows({ columns: 4096, rows: 1e6, threads: 0 })).toThrow(
      expect.objectContaining({ code: "not_enough_memory" }),
    );
  });
});
