import type { StoredMatrix } from "@revocab/core";
import { readMatrix, readRows, selectRows, storedView, storeMatrix } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("rows of a stored matrix", () => {
  it("come in the order of their ids, repeated where an id is: the worked example", async () => {
    const matrix = { rows: 3, columns: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const expected = { rows: 4, columns: 2, data: Float32Array.of(5, 6, 1, 2, 5, 6, 3, 4) };
    expect(await readRows(storedView(matrix), [2, 0, 2, 1])).toEqual(expected);
    expect(selectRows(matrix, [2, 0, 2, 1])).toEqual(expected);
  });

  it.each(["F32", "F16", "BF16"] as const)("are those of reading all of it, %s", async (dtype) => {
    const values = Float32Array.from({ length: 3000 * 40 }, (_, i) => Math.sin(i));
    const stored = storeMatrix({ rows: 3000, columns: 40, data: values }, dtype);
    const all = await readMatrix(stored, 0, 3000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2999), { maxLength: 20 }), async (ids) => {
        expect(await readRows(stored, ids)).toEqual(selectRows(all, ids));
      }),
    );
  });

  it("near each other are read at once, those far apart are not read between", async () => {
    const reads: string[] = [];
    const stored = counted(100_000, 256, reads);
    await readRows(stored, [3, 7, 0, 90_000]);
    expect(reads).toEqual(["0 + 8", "90000 + 1"]);
  });

  it("are read at most 4 MiB at a time", async () => {
    const reads: string[] = [];
    const stored = counted(20_000, 256, reads);
    await readRows(
      stored,
      Uint32Array.from({ length: 5000 }, (_, i) => i),
    );
    expect(reads).toEqual(["0 + 4096", "4096 + 904"]);
  });

  it("beyond its end are refused", async () => {
    const stored = counted(4, 2, []);
    await expect(readRows(stored, [0, 4])).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringContaining("row 4 "),
    });
  });

  it("are not read after an abort", async () => {
    const reads: string[] = [];
    const stored = counted(4, 2, reads);
    await expect(readRows(stored, [0], { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    expect(reads).toEqual([]);
  });
});

function counted(rows: number, columns: number, reads: string[]): StoredMatrix {
  return {
    rows,
    columns,
    dtype: "F32",
    async readRows(start, count) {
      reads.push(`${start} + ${count}`);
    },
  };
}
