import type { Matrix, StoredMatrix } from "@revocab/core";
import { multiplyTransposed, normalizeRows, randomStream, readMatrix, storeMatrix } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { DEPTH, multiplyTransposedPlainly } from "../src/multiply-transposed.ts";

describe("multiplyTransposed", () => {
  it("gives the worked example", async () => {
    const left = { rows: 2, columns: 2, data: Float32Array.of(1, 2, 0, -1) };
    const right = storeMatrix({ rows: 3, columns: 2, data: Float32Array.of(3, 4, 5, 6, 0, 0) });
    expect(await productOf({ left, right })).toEqual({
      rows: 2,
      columns: 3,
      data: Float32Array.of(11, 17, 0, -4, -6, 0),
    });
  });

  for (const depth of [0, 1, DEPTH - 1, DEPTH, DEPTH + 1, 2 * DEPTH + 3]) {
    it(`equals its plain twin bit for bit at every size of panels: ${depth} columns`, async () => {
      for (const rows of [0, 1, 3, 4, 5, 9]) {
        for (const columns of [0, 1, 7, 8, 9, 17]) {
          const left = normals(rows, depth, 1);
          const right = normals(columns, depth, 2);
          const found = await productOf({ left, right: storeMatrix(right) });
          expect(found).toEqual(multiplyTransposedPlainly(left, right));
        }
      }
    });
  }

  it.each([511, 512, 513])("equals its plain twin where B takes several blocks: %i rows", async (rows) => {
    const left = normals(2, 4096, 1);
    const right = storeMatrix(normals(rows, 4096, 2), "BF16");
    const starts: number[] = [];
    const found = await productOf({ left, right }, (start) => starts.push(start));
    expect(starts).toEqual(rows > 512 ? [0, 512] : [0]);
    expect(found).toEqual(multiplyTransposedPlainly(left, await readMatrix(right, 0, rows)));
  });

  it("equals its plain twin where A takes more panels than stay in the cache", async () => {
    const left = normals(261, 5, 1);
    const right = normals(9, 5, 2);
    const found = await productOf({ left, right: storeMatrix(right) });
    expect(found).toEqual(multiplyTransposedPlainly(left, right));
  });

  it("normalizes to cosines, at most 1e-6 from f64, and leaves A as it was", async () => {
    const left = normals(5, 300, 1);
    const before = left.data.slice();
    const right = normals(11, 300, 2);
    const found = await productOf({ left, right: storeMatrix(right), normalize: true });
    expect(left.data).toEqual(before);
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 11; j++) {
        const cosine = dot(left, i, right, j) / Math.sqrt(dot(left, i, left, i) * dot(right, j, right, j));
        expect(Math.abs(found.data[i * 11 + j] - cosine)).toBeLessThan(1e-6);
      }
    }
  });

  it("gives equal rows equal values, wherever they stand", async () => {
    const left = normals(6, 700, 1);
    const one = normals(1, 700, 2).data;
    const data = normals(21, 700, 3).data;
    for (const row of [0, 6, 9, 20]) data.set(one, row * 700);
    const right = storeMatrix({ rows: 21, columns: 700, data });
    const found = await productOf({ left, right, normalize: true });
    for (let i = 0; i < 6; i++) {
      const values = [0, 6, 9, 20].map((row) => found.data[i * 21 + row]);
      expect(new Set(values).size).toBe(1);
    }
  });

  it("refuses rows of different widths", async () => {
    const failure = productOf({ left: normals(1, 3, 1), right: storeMatrix(normals(1, 4, 2)) });
    await expect(failure).rejects.toMatchObject({
      code: "shape_mismatch",
      message: "rows of 3 columns were to be compared with rows of 4 columns",
    });
  });

  it("stops when it is aborted, before and between two blocks", async () => {
    const left = normals(1, 4096, 1);
    const right = storeMatrix(normals(1100, 4096, 2));
    await expect(productOf({ left, right, job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject(
      {
        code: "aborted",
      },
    );
    const controller = new AbortController();
    let blocks = 0;
    const onBlock = () => {
      blocks++;
      controller.abort();
    };
    await expect(
      multiplyTransposed({ left, right, job: { abortSignal: controller.signal }, onBlock }),
    ).rejects.toMatchObject({ code: "aborted" });
    expect(blocks).toBe(1);
  });
});

describe("normalizeRows", () => {
  it("scales rows to length 1, and leaves zeros", () => {
    const matrix = { rows: 3, columns: 2, data: Float32Array.of(3, 4, 0, 0, -1e-30, 0) };
    normalizeRows(matrix);
    expect(matrix.data).toEqual(Float32Array.of(0.6, 0.8, 0, 0, -1, 0));
  });
});

async function productOf(
  options: Omit<Parameters<typeof multiplyTransposed>[0], "onBlock"> & { readonly right: StoredMatrix },
  onStart: (start: number) => void = () => {},
): Promise<Matrix> {
  const { left, right } = options;
  const data = new Float32Array(left.rows * right.rows).fill(Number.NaN);
  await multiplyTransposed({
    ...options,
    onBlock(start, block) {
      onStart(start);
      for (let row = 0; row < block.rows; row++) {
        const values = block.data.subarray(row * block.columns, (row + 1) * block.columns);
        data.set(values, row * right.rows + start);
      }
    },
  });
  return { rows: left.rows, columns: right.rows, data };
}

function normals(rows: number, columns: number, purpose: number): Matrix {
  const { normal } = randomStream(rows, columns, purpose);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, normal) };
}

function dot(left: Matrix, i: number, right: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0; k < left.columns; k++) {
    sum += left.data[i * left.columns + k] * right.data[j * right.columns + k];
  }
  return sum;
}
