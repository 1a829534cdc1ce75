import type { StoredMatrix } from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { RowCache } from "../src/row-cache.ts";

function countedMatrix(): { matrix: StoredMatrix; reads: number[] } {
  const stored = storeMatrix(
    { rows: 4, columns: 2, data: Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31) },
    "BF16",
  );
  const reads: number[] = [];
  const matrix: StoredMatrix = {
    ...stored,
    readRows(start, count, into) {
      reads.push(start);
      return stored.readRows(start, count, into);
    },
  };
  return { matrix, reads };
}

describe("rows of a table", () => {
  it("are read once and written where they are asked for", async () => {
    const { matrix, reads } = countedMatrix();
    const cache = new RowCache(matrix);
    const into = new Float32Array(10);
    await cache.fill(Uint32Array.of(2, 0, 2), into, 1);
    await cache.fill(Uint32Array.of(2), into, 4);
    expect([...into]).toEqual([0, 0, 20, 21, 0, 1, 20, 21, 20, 21]);
    expect(reads).toEqual([2, 0]);
  });

  it("are right when more of them are asked for than may be kept", async () => {
    const { matrix } = countedMatrix();
    const cache = new RowCache(matrix, { limitBytes: 16 }); // two rows of two numbers
    const into = new Float32Array(8);
    await cache.fill(Uint32Array.of(3, 2, 1, 0), into, 0);
    expect([...into]).toEqual([30, 31, 20, 21, 10, 11, 0, 1]);
    await cache.fill(Uint32Array.of(1, 1, 3, 3), into, 0);
    expect([...into]).toEqual([10, 11, 10, 11, 30, 31, 30, 31]);
  });

  it("that were used last are kept, and no more than fit", async () => {
    const { matrix, reads } = countedMatrix();
    const cache = new RowCache(matrix, { limitBytes: 16 });
    const fill = (token: number) => cache.fill(Uint32Array.of(token), new Float32Array(2), 0);
    for (const token of [0, 1, 0, 2, 0, 1]) await fill(token);
    expect(reads).toEqual([0, 1, 2, 1]);
  });

  it("that do not exist are refused", async () => {
    const cache = new RowCache(countedMatrix().matrix);
    await expect(cache.fill(Uint32Array.of(4), new Float32Array(2), 0)).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringContaining("4 rows"),
    });
  });
});
