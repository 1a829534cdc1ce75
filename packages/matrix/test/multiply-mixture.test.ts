import {
  BYTES_PER_VALUE,
  type Matrix,
  type Mixture,
  RevocabError,
  type StoredDtype,
  type StoredMatrix,
} from "@revocab/core";
import {
  encodeInto,
  gatherSum,
  MixtureBuilder,
  type MultiplyMixtureOptions,
  matrixOfBytes,
  multiplyMixture,
  randomStream,
  readMatrix,
  storeMatrix,
} from "@revocab/matrix";
import { describe, expect, it } from "vitest";

const DTYPES: readonly StoredDtype[] = ["F32", "F16", "BF16"];

describe("multiplyMixture", () => {
  for (const dtype of DTYPES) {
    for (const columns of [1, 2, 3, 7, 8, 9, 31, 32, 33, 40, 63, 64, 65, 101]) {
      it(`equals its plain twin bit for bit: ${dtype}, ${columns} columns`, async () => {
        const source = strangeMatrix(37, columns, dtype);
        const basis = normalMatrix(3, columns, 99);
        const mixture = randomMixture(64, 37, 3);
        const bytes = await product({ mixture, source, basis });
        expect(bytes).toEqual(await twin(mixture, source, basis));
      });
    }

    it(`gives the same bytes from workers as from the calling thread: ${dtype}`, async () => {
      const source = storeMatrix(normalMatrix(300, 2051, 5), dtype);
      const mixture = randomMixture(4500, 300, 0, 7);
      const expected = await twin(mixture, source);
      for (const threads of [1, 2, 3]) {
        const blocks: number[] = [];
        const bytes = await product({
          mixture,
          source,
          job: { threads },
          onRows: (rows) => blocks.push(rows),
        });
        expect(Buffer.compare(bytes, expected)).toBe(0);
        expect(blocks.length).toBeGreaterThan(1);
      }
    });

    it(`gives the same bytes from column slabs as from the whole matrix: ${dtype}`, async () => {
      const source = strangeMatrix(50, 101, dtype);
      const basis = normalMatrix(2, 101, 8);
      const mixture = randomMixture(80, 50, 2);
      const expected = await twin(mixture, source, basis);
      const bytesPerColumn = 50 * BYTES_PER_VALUE[dtype] + 2 * 4;
      for (const slabColumns of [1, 5, 40, 100]) {
        const starts = new Set<number>();
        const memoryLimit = slabColumns * bytesPerColumn;
        const bytes = await product({
          mixture,
          source,
          basis,
          memoryLimit,
          onRows: (_, column) => starts.add(column),
        });
        expect(bytes).toEqual(expected);
        expect(starts.size).toBeGreaterThan(1);
      }
    });
  }

  it("equals its plain twin where f16 weights are near, at and beyond the largest scale, or where weights or values are subnormal", async () => {
    const normals = normalMatrix(9, 77, 6);
    const source = storeMatrix(
      { ...normals, data: normals.data.map((x, i) => (i % 3 ? x : x * 2 ** -16)) },
      "F16",
    );
    const builder = new MixtureBuilder();
    for (const weight of [32_767, 32_768, -40_000, 65_536, 3e38, 1e-40, -1e-45, 0, -0]) {
      builder.addRow([0, 1, 2], [0.5, weight, 1]);
      builder.addRow([3], [weight]);
    }
    const mixture = builder.build();
    expect(await product({ mixture, source })).toEqual(await twin(mixture, source));
  });

  it("gives the worked example", async () => {
    const source = storeMatrix({ rows: 2, columns: 2, data: Float32Array.of(1, 2, 3, 4) });
    const basis: Matrix = { rows: 1, columns: 2, data: Float32Array.of(100, 200) };
    const builder = new MixtureBuilder();
    builder.addRow([0, 1], [0.5, 0.5]);
    builder.addRow([2, 0], [1, -1]);
    builder.addEmpty();
    const bytes = await product({ mixture: builder.build(), source, basis });
    expect([...new Float32Array(bytes.buffer)]).toEqual([2, 3, 99, 198, 0, 0]);
  });

  it("moves a copied row as bytes: NaN payloads and −0 included", async () => {
    const rows = {
      F32: Uint32Array.of(0x80000000, 0x7f800001, 0xffc12345, 0x00000001, 0xff800000, 7, 8, 9, 10),
      F16: Uint16Array.of(0x8000, 0x7c01, 0xfe23, 0x0001, 0xfc00, 7, 8, 9, 10),
      BF16: Uint16Array.of(0x8000, 0x7f81, 0xffc3, 0x0001, 0xff80, 7, 8, 9, 10),
    };
    for (const dtype of DTYPES) {
      const stored = new Uint8Array(rows[dtype].buffer);
      const source = matrixOfBytes({ rows: 1, columns: 9, dtype }, stored);
      const builder = new MixtureBuilder();
      builder.addRow([0], [1]);
      expect(await product({ mixture: builder.build(), source })).toEqual(stored);
    }
  });

  it("takes rows of one million columns, and a million rows of one column", async () => {
    for (const [rows, columns] of [
      [3, 1_000_001],
      [100_003, 1],
    ]) {
      const source = storeMatrix(normalMatrix(rows, columns, 4), "BF16");
      const mixture = randomMixture(rows, rows, 0);
      expect(Buffer.compare(await product({ mixture, source }), await twin(mixture, source))).toBe(0);
    }
  });

  it("delivers nothing for a mixture of no rows", async () => {
    const source = storeMatrix(normalMatrix(3, 4, 1));
    expect(await product({ mixture: new MixtureBuilder().build(), source })).toHaveLength(0);
  });

  it("reads only stretches of rows that the mixture names", async () => {
    const inner = storeMatrix(normalMatrix(100_000, 64, 3));
    let read = 0;
    const source: StoredMatrix = {
      ...inner,
      readRows(start, count, into) {
        read += count;
        return inner.readRows(start, count, into);
      },
    };
    const builder = new MixtureBuilder();
    builder.addRow([5, 99_999, 50_000], [0.25, 0.25, 0.5]);
    const mixture = builder.build();
    expect(await product({ mixture, source })).toEqual(await twin(mixture, inner));
    expect(read).toBe(3);
  });

  it("reports progress that ends at the total", async () => {
    const events: unknown[] = [];
    const source = storeMatrix(normalMatrix(3, 4, 1));
    const mixture = randomMixture(5, 3, 0);
    await multiplyMixture({
      mixture,
      source,
      step: "rows",
      job: { onProgress: (e) => events.push(e) },
      onBlock() {},
    });
    expect(events.at(-1)).toEqual({ type: "progress", step: "rows", done: 5, total: 5, unit: "rows" });
  });
});

describe("multiplyMixture refuses", () => {
  const source = storeMatrix(normalMatrix(3, 4, 1));
  const good: Mixture = {
    offsets: Uint32Array.of(0, 2, 3),
    sources: Uint32Array.of(0, 1, 2),
    weights: Float32Array.of(0.5, 0.5, 1),
  };
  const cases: [string, Partial<MultiplyMixtureOptions>, string][] = [
    ["a source beyond the matrix", { mixture: { ...good, sources: Uint32Array.of(0, 3, 2) } }, "bad_plan"],
    [
      "a weight that is not finite",
      { mixture: { ...good, weights: Float32Array.of(1, Number.NaN, 1) } },
      "bad_plan",
    ],
    ["falling offsets", { mixture: { ...good, offsets: Uint32Array.of(0, 4, 3) } }, "shape_mismatch"],
    [
      "offsets that end elsewhere",
      { mixture: { ...good, offsets: Uint32Array.of(0, 1, 2) } },
      "shape_mismatch",
    ],
    [
      "offsets that do not start at 0",
      { mixture: { ...good, offsets: Uint32Array.of(1, 2, 3) } },
      "shape_mismatch",
    ],
    ["too few weights", { mixture: { ...good, weights: Float32Array.of(1, 1) } }, "shape_mismatch"],
    ["basis rows of another width", { basis: normalMatrix(1, 5, 1) }, "shape_mismatch"],
    ["no threads", { job: { threads: 0 } }, "bad_options"],
    ["an aborted signal", { job: { abortSignal: AbortSignal.abort() } }, "aborted"],
  ];
  it.each(cases)("%s, before it reads a row", async (_, options, code) => {
    const unread: StoredMatrix = { ...source, readRows: () => Promise.reject(new Error("was read")) };
    const failure = multiplyMixture({ mixture: good, source: unread, onBlock() {}, ...options });
    await expect(failure).rejects.toSatisfy((error) => error instanceof RevocabError && error.code === code);
  });
});

describe.each([
  ["on the calling thread", 64],
  ["with workers", 2048],
])("multiplyMixture %s", (_, columns) => {
  const source = storeMatrix(normalMatrix(300, columns, 2));
  const mixture = randomMixture(4500, 300, 0, 5);

  it("starts as many workers as the job has threads, or none for a small product", async () => {
    for (const threads of [1, 3]) {
      let started = 0;
      const count = () => started++;
      process.on("worker", count);
      await multiplyMixture({ mixture, source, job: { threads }, onBlock() {} });
      process.off("worker", count);
      expect(started).toBe(columns === 64 ? 0 : threads);
    }
  });

  it("passes on an error of onBlock, and calls it no more", async () => {
    let calls = 0;
    const failure = multiplyMixture({
      mixture,
      source,
      onBlock: async () => {
        calls++;
        throw new Error("disk is full");
      },
    });
    await expect(failure).rejects.toThrow("disk is full");
    expect(calls).toBe(1);
  });

  it("passes on an error of readRows", async () => {
    const broken: StoredMatrix = { ...source, readRows: () => Promise.reject(new Error("file is short")) };
    await expect(multiplyMixture({ mixture, source: broken, onBlock() {} })).rejects.toThrow("file is short");
  });

  it("stops between two blocks when it is aborted, leaving no thread behind", async () => {
    const abort = new AbortController();
    let calls = 0;
    const failure = multiplyMixture({
      mixture,
      source,
      job: { abortSignal: abort.signal },
      onBlock: () => {
        calls++;
        abort.abort();
      },
    });
    await expect(failure).rejects.toMatchObject({ code: "aborted" });
    expect(calls).toBe(1);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort")).toHaveLength(0);
  });

  it("leaves a block's bytes alone until onBlock settles", async () => {
    const bytes = new Uint8Array(4500 * columns * 4);
    await multiplyMixture({
      mixture,
      source,
      onBlock: async (block) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        bytes.set(block.bytes, block.startRow * columns * 4);
      },
    });
    expect(Buffer.compare(bytes, await twin(mixture, source))).toBe(0);
  });
});

/** All blocks put together, [n × d] as stored. */
async function product({
  onRows,
  ...options
}: Omit<MultiplyMixtureOptions, "onBlock"> & {
  onRows?: (rows: number, startColumn: number) => void;
}): Promise<Uint8Array> {
  const size = BYTES_PER_VALUE[options.source.dtype];
  const width = options.source.columns;
  const all = new Uint8Array((options.mixture.offsets.length - 1) * width * size);
  await multiplyMixture({
    ...options,
    onBlock({ startRow, rows, startColumn, columns, bytes }) {
      onRows?.(rows, startColumn);
      expect(bytes).toHaveLength(rows * columns * size);
      for (let row = 0; row < rows; row++) {
        const part = bytes.subarray(row * columns * size, (row + 1) * columns * size);
        all.set(part, ((startRow + row) * width + startColumn) * size);
      }
    },
  });
  return all;
}

async function twin(mixture: Mixture, source: StoredMatrix, basis?: Matrix): Promise<Uint8Array> {
  const values = gatherSum(mixture, await readMatrix(source, 0, source.rows), basis).data;
  const bytes = new Uint8Array(values.length * BYTES_PER_VALUE[source.dtype]);
  encodeInto(source.dtype, values, bytes);
  return bytes;
}

function normalMatrix(rows: number, columns: number, seed: number): Matrix {
  const { normal } = randomStream(seed, 0);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, normal) };
}

/** Any bit pattern may occur: infinities, NaNs, subnormals, both zeros. */
function strangeMatrix(rows: number, columns: number, dtype: StoredDtype): StoredMatrix {
  const { uniform } = randomStream(columns, 1);
  const size = BYTES_PER_VALUE[dtype];
  const bytes = Uint8Array.from({ length: rows * columns * size }, () => Math.floor(uniform() * 256));
  for (let i = size - 1; i < bytes.length; i += size) {
    if (uniform() < 0.3)
      bytes[i] = [0x00, 0x80, 0x7f, 0xff, 0x7c, 0xfc, 0x03, 0x38][Math.floor(uniform() * 8)];
  }
  return matrixOfBytes({ rows, columns, dtype }, bytes);
}

/** Rows of 0 to `most` sources, copies and copies of basis rows among them. */
function randomMixture(rows: number, sources: number, basisRows: number, most = 6): Mixture {
  const { uniform, normal } = randomStream(rows, 2);
  const builder = new MixtureBuilder();
  for (let row = 0; row < rows; row++) {
    const count = Math.floor(uniform() * (most + 1));
    const names = Array.from({ length: count }, () => Math.floor(uniform() * (sources + basisRows)));
    const isCopy = count === 1 && uniform() < 0.8;
    builder.addRow(
      names,
      names.map(() => (isCopy ? 1 : normal())),
    );
  }
  return builder.build();
}
