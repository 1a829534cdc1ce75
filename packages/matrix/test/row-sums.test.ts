import type { Matrix } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import { openRowSums, type RowSum, type RowSumsOptions } from "@revocab/matrix/internal";
import { describe, expect, it } from "vitest";

const STRIP = 32;

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Values of up to ±1, as rows are rounded with a scale of 2¹⁵ or less. */
function randomRows(rows: number, columns: number, seed: number): Matrix {
  const { uniform } = randomStream(seed, 0);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, () => 2 * uniform() - 1) };
}

/** To whole numbers, ties to even, as the kernel rounds. */
function whole(value: number): number {
  const down = Math.floor(value);
  const rounded = value - down === 0.5 ? down + (Math.abs(down) % 2) : Math.round(value);
  return Math.max(-32768, Math.min(32767, rounded));
}

/** The definition: [strips × sums] */
function naiveMaxima(
  rows: Matrix,
  starts: Matrix,
  scales: Float32Array,
  sums: readonly RowSum[],
): number[][] {
  const { columns } = rows;
  const at = ({ data }: Matrix, row: number, column: number) =>
    whole(Math.fround(data[row * columns + column] * scales[Math.floor(column / STRIP)]));
  return Array.from(scales, (_, strip) =>
    sums.flatMap(({ start, shift, places, weights }) => {
      const tagged = numbers(STRIP).map((inStrip) => {
        const column = strip * STRIP + inStrip;
        if (column >= columns) return inStrip;
        let sum = at(starts, start, column) * 2 ** shift;
        places.forEach((place, j) => {
          sum += weights[j] * at(rows, place, column);
        });
        const magnitude = Math.abs(sum | 0);
        return magnitude - (magnitude % STRIP) + inStrip;
      });
      return tagged.sort((a, b) => b - a).slice(0, 2);
    }),
  );
}

function scalesFor(columns: number): Float32Array {
  return Float32Array.from({ length: Math.ceil(columns / STRIP) }, (_, strip) => 32_000 / (strip + 1));
}

/** Of each, places and weights drawn anew. */
function randomSums(count: number, rows: number, starts: number, sources: number): RowSum[] {
  const { uniform } = randomStream(3, count);
  return Array.from({ length: count }, (_, i) => ({
    start: i % starts,
    shift: i % 16,
    places: Array.from({ length: (i + 1) % (sources + 1) }, () => Math.floor(uniform() * rows)),
    weights: Int16Array.from({ length: (i + 1) % (sources + 1) }, () =>
      Math.floor((2 * uniform() - 1) * 32767),
    ),
  }));
}

async function withSums<T>(
  options: Omit<RowSumsOptions, "scales">,
  use: (sums: ReturnType<typeof openRowSums>, scales: Float32Array) => Promise<T>,
): Promise<T> {
  const scales = scalesFor(options.columns);
  const sums = openRowSums({ ...options, scales });
  try {
    return await use(sums, scales);
  } finally {
    await sums.close();
  }
}

describe("openRowSums", () => {
  it("takes a sum by hand: the two largest magnitudes of each strip of 32 columns", async () => {
    const shape = { columns: 33, rows: 2, starts: 1, sums: 1, sources: 2, threads: 0 };
    await withSums(shape, async (sums) => {
      const row = (first: number, second: number, last: number) => [
        ...[first, second],
        ...Array.from({ length: 30 }, () => 0),
        last,
      ];
      const matrixOf = (...rows: number[][]): Matrix => ({
        rows: rows.length,
        columns: 33,
        data: Float32Array.from(rows.flat()),
      });
      // whole numbers are 32,000 times these, and 16,000 times in the second strip
      sums.placeStarts(matrixOf(row(0.5, 0.25, 0.25)), [1], [0]);
      sums.placeRows(matrixOf(row(-0.5, 1, 1), row(0.125, 0.5, -1)), [1, 0.5], [0, 1]);
      const given = { start: 0, shift: 1, places: [0, 1], weights: Int16Array.of(3, -1) };
      const maxima = await sums.maxima([given]);
      const [first, second] = [16_000 * 2 - 16_000 * 3 - 2000, 8000 * 2 + 32_000 * 3 - 8000];
      expect([second % 32, -first % 32, -first]).toEqual([0, 16, 18_000]);
      // column 1, then column 0 in place of the last five bits of 18,000
      expect(Array.from(maxima.subarray(0, 2))).toEqual([second + 1, 18_000 - 16]);
      // column 0 of the second strip, and the last of what lies beyond the columns
      expect(Array.from(maxima.subarray(2))).toEqual([4000 * 2 + 16_000 * 3 + 8000, 31]);
    });
  });

  it.each([1, 31, 32, 33, 100])(
    "%d columns: equal to the definition, with 0, 1 and 3 threads",
    async (columns) => {
      const [rows, starts] = [randomRows(9, columns, 1), randomRows(4, columns, 2)];
      const given = randomSums(40, 9, 4, 5);
      for (const threads of [0, 1, 3]) {
        const shape = { columns, rows: 9, starts: 4, sums: 40, sources: 5, threads };
        await withSums(shape, async (sums, scales) => {
          sums.placeRows(rows, new Float32Array(9).fill(1), numbers(9));
          sums.placeStarts(starts, new Float32Array(4).fill(1), numbers(4));
          const wanted = naiveMaxima(rows, starts, scales, given);
          expect(Array.from(await sums.maxima(given))).toEqual(wanted.flat());
          // fewer than there is room for
          const few = await sums.maxima(given.slice(7, 9));
          expect(Array.from(few)).toEqual(wanted.flatMap((strip) => strip.slice(14, 18)));
        });
      }
    },
  );

  it("the same from rows in several tiles, so many sources that tiles are read ahead, and after rows were replaced", async () => {
    const [count, columns] = [20_000, 40];
    const starts = randomRows(4, columns, 2);
    const given = randomSums(500, count, 4, 40);
    const shape = { columns, rows: count, starts: 4, sums: 500, sources: 40, threads: 2 };
    await withSums(shape, async (sums, scales) => {
      sums.placeStarts(starts, new Float32Array(4).fill(1), numbers(4));
      for (const seed of [1, 5]) {
        const rows = randomRows(count, columns, seed);
        sums.placeRows(rows, new Float32Array(count).fill(1), numbers(count));
        expect(Array.from(await sums.maxima(given))).toEqual(naiveMaxima(rows, starts, scales, given).flat());
      }
    });
  });

  it("tells what is held: rounded to the nearest, ties to even, and never beyond an i16", async () => {
    const shape = { columns: 4, rows: 2, starts: 1, sums: 1, sources: 1, threads: 0 };
    await withSums(shape, async ({ rows, placeRows }) => {
      const values = Float32Array.of(2.5, 3.5, -1e9, Number.NaN).map((value) => value / 32_000);
      placeRows({ rows: 1, columns: 4, data: values }, [1], [1]);
      const first = rows.at(1, 0);
      expect(Array.from(rows.values.subarray(first, first + 5))).toEqual([2, 4, -32768, 0, 0]);
    });
  });

  it("says that rows are beyond what can be addressed", () => {
    const shape = { columns: 1e6, rows: 2000, starts: 0, sums: 1, sources: 1, threads: 0 };
    expect(() => openRowSums({ ...shape, scales: scalesFor(1e6) })).toThrow(
      expect.objectContaining({ code: "not_enough_memory" }),
    );
  });
});
