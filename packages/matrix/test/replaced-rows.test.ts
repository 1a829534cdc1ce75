import { readMatrix, replacedRows, storedView, storeMatrix } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("replacedRows", () => {
  it("has other rows in the place of some, and its own elsewhere: the worked example", async () => {
    const matrix = storedView({ rows: 4, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
    const rows = storedView({ rows: 2, columns: 2, data: Float32Array.of(30, 40, 70, 80) });
    const replaced = replacedRows(matrix, Uint32Array.of(1, 3), rows);
    expect((await readMatrix(replaced, 0, 4)).data).toEqual(Float32Array.of(1, 2, 30, 40, 5, 6, 70, 80));
    expect((await readMatrix(replaced, 2, 1)).data).toEqual(Float32Array.of(5, 6));
  });

  it.each(["F32", "F16", "BF16"] as const)("gives the same rows whatever part is read, %s", async (dtype) => {
    const size = 40;
    const values = (scale: number, rows: number) => ({
      rows,
      columns: 3,
      data: Float32Array.from({ length: rows * 3 }, (_, i) => scale * Math.sin(i + 1)),
    });
    const matrix = storeMatrix(values(1, size), dtype);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(size - 1)), fc.nat(size), async (chosen, start) => {
        const ids = Uint32Array.from(chosen).sort();
        const other = values(100, ids.length);
        // rounded when it is read, and rounded before
        const replaced = replacedRows(matrix, ids, storedView(other, dtype));
        const expected = (await readMatrix(matrix, 0, size)).data.slice();
        const rounded = (await readMatrix(storeMatrix(other, dtype), 0, ids.length)).data;
        for (const [i, id] of ids.entries()) expected.set(rounded.subarray(i * 3, i * 3 + 3), id * 3);
        const read = await readMatrix(replaced, start, size - start);
        expect(read.data).toEqual(expected.subarray(start * 3));
      }),
    );
  });

  it("refuses rows that do not fit", () => {
    const matrix = storedView({ rows: 2, columns: 2, data: new Float32Array(4) });
    const one = { rows: 1, columns: 2, data: new Float32Array(2) };
    expect(() => replacedRows(matrix, Uint32Array.of(0, 1), storedView(one))).toThrow(RangeError);
    expect(() => replacedRows(matrix, Uint32Array.of(0), storedView(one, "BF16"))).toThrow(RangeError);
  });
});
