import type { StoredDtype, StoredMatrix } from "@revocab/core";
import { matrixOfBytes, randomStream, scanRows, storeMatrix } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { decodeInto } from "../src/codecs.ts";

const DTYPES: readonly StoredDtype[] = ["F32", "F16", "BF16"];
/** Rows of 8 MB blocks with 1,000 columns of f32. */
const BLOCK = Math.floor((8 << 20) / 4000);

function randomMatrix(
  rows: number,
  columns: number,
  dtype: StoredDtype,
): StoredMatrix & { bytes: Uint8Array } {
  const random = randomStream(7, rows);
  const data = Float32Array.from(
    { length: rows * columns },
    () => random.normal() * 2 ** (8 * random.normal()),
  );
  return storeMatrix({ rows, columns, data }, dtype) as StoredMatrix & { bytes: Uint8Array };
}

function decoded({ rows, columns, dtype, bytes }: StoredMatrix & { bytes: Uint8Array }): Float32Array {
  const values = new Float32Array(rows * columns);
  decodeInto(dtype, bytes, values);
  return values;
}

/** The definition that the kernel follows bit for bit. */
function squaredNorms(matrix: StoredMatrix & { bytes: Uint8Array }): Float64Array {
  const values = decoded(matrix);
  return Float64Array.from({ length: matrix.rows }, (_, row) => {
    let sum = 0;
    for (let i = row * matrix.columns; i < (row + 1) * matrix.columns; i++) sum += values[i]! * values[i]!;
    return sum;
  });
}

describe.each(DTYPES)("of %s", (dtype) => {
  it.each([
    [0, 8],
    [1, 1],
    [1, 7],
    [2, 8],
    [3, 9],
    [4, 16],
    [5, 100],
    [7, 1001],
    [8, 64],
  ])("the norms of %d × %d values are those of plain sums in order, bit for bit", async (rows, columns) => {
    const matrix = randomMatrix(rows, columns, dtype);
    const scan = await scanRows(matrix);
    expect(scan.squaredNorms).toEqual(squaredNorms(matrix));
    expect(scan.hashes.length).toBe(rows);
  });

  it.each([1, 7, 8, 9, 24, 31])(
    "rows of %d columns are hashed alike exactly when their bytes are",
    async (columns) => {
      const one = randomMatrix(1, columns, dtype).bytes;
      const rows = [one, one];
      for (let bit = 0; bit < one.length * 8; bit++) {
        const changed = one.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        rows.push(changed);
      }
      const bytes = new Uint8Array(rows.length * one.length);
      for (const [i, row] of rows.entries()) bytes.set(row, i * one.length);
      const { hashes } = await scanRows(matrixOfBytes({ rows: rows.length, columns, dtype }, bytes));
      expect(hashes[1]).toBe(hashes[0]);
      expect(new Set(hashes).size).toBe(rows.length - 1);
    },
  );

  it("NaN, infinity and rows of zeros show in the norm", async () => {
    const columns = 11;
    const data = new Float32Array(6 * columns);
    data[1 * columns + 2] = Number.NaN;
    data[2 * columns + 10] = Number.NaN;
    data[3 * columns + 3] = Number.NEGATIVE_INFINITY;
    data[4 * columns + 5] = -0;
    data[5 * columns + 5] = dtype === "F16" ? 2 ** -24 : 2 ** -126;
    const { squaredNorms } = await scanRows(storeMatrix({ rows: 6, columns, data }, dtype));
    expect([...squaredNorms]).toEqual([
      0,
      Number.NaN,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0,
      dtype === "F16" ? 2 ** -48 : 2 ** -252,
    ]);
  });
});

it("sums what is too small or too large for f32 as f64 holds it", async () => {
  const data = Float32Array.of(3e38, 3e38, 1e-30);
  const { squaredNorms } = await scanRows(storeMatrix({ rows: 1, columns: 3, data }, "F32"));
  expect(squaredNorms[0]).toBe(Math.fround(3e38) ** 2 * 2);
});

it.each([BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])(
  "%d rows, read in blocks, give the same as one row at a time",
  async (rows) => {
    const matrix = randomMatrix(64, 1000, "F32");
    const repeated: StoredMatrix = {
      rows,
      columns: 1000,
      dtype: "F32",
      async readRows(start, count, into) {
        for (let i = 0; i < count; i++) {
          const from = ((start + i) % 64) * 4000;
          into.set(matrix.bytes.subarray(from, from + 4000), i * 4000);
        }
      },
    };
    let bytes = 0;
    const scan = await scanRows(repeated, { onBytes: (count) => (bytes += count) });
    const one = await scanRows(matrix);
    const isSame = (row: number) =>
      scan.squaredNorms[row] === one.squaredNorms[row % 64] && scan.hashes[row] === one.hashes[row % 64];
    expect(Array.from({ length: rows }, (_, row) => row).every(isSame)).toBe(true);
    expect(bytes).toBe(rows * 4000);
  },
);

it("an abort ends the scan between two blocks", async () => {
  const controller = new AbortController();
  const stored: StoredMatrix = { rows: 3 * BLOCK, columns: 1000, dtype: "F32", readRows: async () => {} };
  const onBytes = () => controller.abort();
  await expect(scanRows(stored, { job: { abortSignal: controller.signal }, onBytes })).rejects.toMatchObject({
    code: "aborted",
  });
});
