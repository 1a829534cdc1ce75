import {
  forEachRowBlock,
  gatherSum,
  MixtureBuilder,
  mixtureRow,
  readMatrix,
  storeMatrix,
} from "@revocab/matrix";
import { describe, expect, it } from "vitest";

const matrix = { rows: 5, columns: 3, data: Float32Array.from({ length: 15 }, (_, i) => i) };

describe("forEachRowBlock", () => {
  for (const dtype of ["F32", "F16", "BF16"] as const) {
    it(`visits every row once, in order, whatever the block size: ${dtype}`, async () => {
      for (const blockBytes of [1, 12, 24, 36, 48, 60, 1e6]) {
        const found: number[] = [];
        await forEachRowBlock(
          storeMatrix(matrix, dtype),
          (start, block) => {
            expect(start * 3).toBe(found.length);
            found.push(...block.data);
          },
          { blockBytes },
        );
        expect(found).toEqual([...matrix.data]);
      }
    });
  }

  it("visits nothing in a matrix without rows, and stops when it is aborted between two blocks", async () => {
    await forEachRowBlock(storeMatrix({ rows: 0, columns: 3, data: new Float32Array(0) }), () => {
      throw new Error("was visited");
    });
    const abort = new AbortController();
    let visits = 0;
    const visit = () => {
      visits++;
      abort.abort();
    };
    const failure = forEachRowBlock(storeMatrix(matrix), visit, {
      blockBytes: 12,
      job: { abortSignal: abort.signal },
    });
    await expect(failure).rejects.toMatchObject({ code: "aborted" });
    expect(visits).toBe(1);
  });
});

describe("readMatrix", () => {
  it("reads a range of rows", async () => {
    const { rows, data } = await readMatrix(storeMatrix(matrix, "BF16"), 1, 2);
    expect([rows, ...data]).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it.each([
    [-1, 1],
    [4, 2],
    [0, Number.NaN],
  ])("refuses rows that are not there: %d, %d", async (start, count) => {
    await expect(readMatrix(storeMatrix(matrix), start, count)).rejects.toMatchObject({
      code: "shape_mismatch",
    });
  });
});

describe("MixtureBuilder", () => {
  it("builds compressed rows, and can go on afterwards", () => {
    const builder = new MixtureBuilder();
    builder.addRow([3, 1], [0.25, 0.75]);
    builder.addEmpty();
    const first = builder.build();
    builder.addRow([2], [1]);
    expect(first).toEqual({
      offsets: Uint32Array.of(0, 2, 2),
      sources: Uint32Array.of(3, 1),
      weights: Float32Array.of(0.25, 0.75),
    });
    expect(mixtureRow(builder.build(), 2)).toEqual({
      sources: Uint32Array.of(2),
      weights: Float32Array.of(1),
    });
    expect(mixtureRow(first, 1).sources).toHaveLength(0);
  });

  it("grows past its first capacity", () => {
    const builder = new MixtureBuilder();
    for (let row = 0; row < 10_000; row++) builder.addRow([row, row + 1, row + 2], [1, 2, 3]);
    const mixture = builder.build();
    expect(mixture.offsets[10_000]).toBe(30_000);
    expect([...mixtureRow(mixture, 9_999).sources]).toEqual([9_999, 10_000, 10_001]);
  });

  it("refuses sources without weights", () => {
    expect(() => new MixtureBuilder().addRow([1, 2], [1])).toThrow(/2 sources but 1 weights/);
  });
});

describe("gatherSum", () => {
  it("sums in the order of the sources, rounding each step to f32", () => {
    const source = { rows: 3, columns: 1, data: Float32Array.of(2 ** 24, 1, -(2 ** 24)) };
    const builder = new MixtureBuilder();
    builder.addRow([0, 1, 2], [1, 1, 1]);
    builder.addRow([0, 2, 1], [1, 1, 1]);
    expect([...gatherSum(builder.build(), source).data]).toEqual([0, 1]);
  });
});
