import type { Matrix } from "@revocab/core";
import { kernelPool } from "./kernel-pool.ts";
import { shareOfCalls } from "./kernel-task.ts";
import { borrowMemory, compileKernels, instantiateKernels, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { layout } from "./layout.ts";

export interface RowSumsOptions {
  readonly columns: number;
  /** [strips] what the values of each strip of `STRIP_COLUMNS` columns are multiplied by before they are rounded. */
  readonly scales: Float32Array;
  /** Rows that are held. */
  readonly rows: number;
  /** Rows that sums start with, which are held beside them. */
  readonly starts: number;
  /** Sums computed at once, at most. */
  readonly sums: number;
  /** Sources of one sum, at most. */
  readonly sources: number;
  /** Worker threads; 0 computes on the calling thread. */
  readonly threads: number;
}

/** start · 2^shift + Σ weight · row */
export interface RowSum {
  readonly start: number;
  readonly shift: number;
  /** Of the rows. */
  readonly places: readonly number[];
  /** As many. */
  readonly weights: Int16Array;
}

/** Rows of whole numbers, held strip by strip. */
export interface HeldStrips {
  readonly values: Int16Array;
  /** Where the values of a strip of a row begin, `STRIP_COLUMNS` of them. */
  at(place: number, strip: number): number;
}

/**
 * Rows rounded to i16, which change between two sums of them, and the largest magnitudes of their sums. Sums are of whole numbers,
 * so neither threads nor the order of the sources matter. What has threads must be closed.
 */
export interface RowSums {
  readonly rows: HeldStrips;
  readonly starts: HeldStrips;
  /** Rounds values [n × columns], each times its row's factor and its strip's scale, to the nearest of −2¹⁵ … 2¹⁵ − 1, while no sum is under way. */
  placeRows(values: Matrix, factors: ArrayLike<number>, places: ArrayLike<number>): void;
  /** Likewise. */
  placeStarts(values: Matrix, factors: ArrayLike<number>, places: ArrayLike<number>): void;
  /**
   * The largest magnitude of each sum in each strip and the second, each with the number of its column within the strip in place of its last
   * five bits. Sums are taken modulo 2³².
   * @returns [strips × sums × 2], which the next call overwrites
   */
  maxima(sums: readonly RowSum[]): Promise<Uint32Array>;
  close(): Promise<void>;
}

/** Columns that are summed and rounded together: a strip. */
export const STRIP_COLUMNS = 32;

/**
 * Holds rows as whole numbers, each strip of all rows together: a strip of thousands of rows stays in the cache while thousands of
 * sums take from it.
 *
 * Memory: two bytes a value of a row or a start, eight a strip of a sum, and 256 bytes a column.
 * @throws RevocabError not_enough_memory when the rows are beyond what the kernel can address, 3.75 GiB
 */
export function openRowSums(options: RowSumsOptions): RowSums {
  const { columns, scales, rows, starts, sums, sources, threads } = options;
  const strips = Math.ceil(columns / STRIP_COLUMNS);
  const tiles = Math.max(1, Math.ceil(rows / TILE_ROWS));
  const pairs = Math.ceil((sums * (sources + tiles)) / 2);
  const { reserve, end } = layout(KERNEL_BYTES);
  const headsAt = reserve(sums * 8);
  const firstsAt = reserve((tiles * sums + 1) * 4);
  const sourcesAt = reserve(pairs * 8);
  const weightsAt = reserve(pairs * 4);
  const betweenAt = Array.from({ length: Math.max(1, threads) }, () =>
    reserve(sums * STRIP_COLUMNS * 4 + 16),
  );
  const scalesAt = reserve(strips * 4);
  const factorsAt = reserve(PLACED * 4);
  const placesAt = reserve(PLACED * 4);
  const valuesAt = reserve(PLACED * strips * STRIP_COLUMNS * 4);
  const maximaAt = reserve(strips * sums * 8);
  const startsAt = reserve(strips * starts * STRIP_BYTES);
  const rowsAt = reserve(strips * rows * STRIP_BYTES);
  const memory = borrowMemory(end(`${rows + starts} rows of ${columns} columns`));
  const { buffer } = memory;
  const kernels = instantiateKernels(compileKernels(), memory);
  const pool = kernelPool(memory, threads);
  new Float32Array(buffer, scalesAt, strips).set(scales);

  const held = (address: number, count: number): HeldStrips => ({
    values: new Int16Array(buffer, address, strips * count * STRIP_COLUMNS),
    at: (place, strip) => (strip * count + place) * STRIP_COLUMNS,
  });
  const placeInto =
    (address: number, count: number): RowSums["placeRows"] =>
    ({ data }, factors, places) => {
      const width = strips * STRIP_COLUMNS;
      for (let from = 0; from < places.length; from += PLACED) {
        const n = Math.min(PLACED, places.length - from);
        const [factor, place] = [
          new Float32Array(buffer, factorsAt, n),
          new Uint32Array(buffer, placesAt, n),
        ];
        const values = new Float32Array(buffer, valuesAt, n * width);
        for (let i = 0; i < n; i++) {
          factor[i] = factors[from + i];
          place[i] = places[from + i] * STRIP_BYTES;
          values.set(data.subarray((from + i) * columns, (from + i + 1) * columns), i * width);
          values.fill(0, i * width + columns, (i + 1) * width);
        }
        for (let strip = 0; strip < strips; strip++) {
          const at = valuesAt + strip * STRIP_COLUMNS * 4;
          const out = address + strip * count * STRIP_BYTES;
          kernels.placeStrip(n, at, width * 4, factorsAt, scalesAt + strip * 4, placesAt, out);
        }
      }
    };
  /** The sources of the sums, sorted by tiles and by sums within a tile. */
  const placeSums = (given: readonly RowSum[]) => {
    const heads = new Int32Array(buffer, headsAt, given.length * 2);
    const firsts = new Uint32Array(buffer, firstsAt, tiles * given.length + 1);
    const placed = new Uint32Array(buffer, sourcesAt, pairs * 2);
    const weighed = new Int16Array(buffer, weightsAt, pairs * 2);
    for (const [i, { start, shift }] of given.entries()) heads.set([start * STRIP_BYTES, shift], i * 2);
    let next = 0;
    for (let tile = 0, first = 0; tile < tiles; tile++) {
      const [from, after] = [tile * TILE_ROWS, (tile + 1) * TILE_ROWS];
      for (const { places, weights } of given) {
        firsts[first++] = next / 2;
        for (let j = 0; j < places.length; j++) {
          if (places[j] < from || places[j] >= after) continue;
          placed[next] = places[j] * STRIP_BYTES;
          weighed[next++] = weights[j];
        }
        if (next % 2 === 0) continue;
        placed[next] = placed[next - 1];
        weighed[next++] = 0;
      }
    }
    firsts[tiles * given.length] = next / 2;
  };

  return {
    rows: held(rowsAt, rows),
    starts: held(startsAt, starts),
    placeRows: placeInto(rowsAt, rows),
    placeStarts: placeInto(startsAt, starts),
    async maxima(given) {
      const count = given.length;
      placeSums(given);
      const rowBytes = rows * STRIP_BYTES;
      const parts = shareOfCalls(
        {
          kernel: "stripMaxima",
          calls: strips,
          first: [count, headsAt, firstsAt, sourcesAt, weightsAt, rowsAt, rowBytes, startsAt, 0, maximaAt],
          steps: [0, 0, 0, 0, 0, rowBytes, 0, starts * STRIP_BYTES, 0, count * 8],
        },
        pool.size,
      );
      await pool.run(
        parts.map((part, i) => ({
          ...part,
          first: part.first.map((value, j) => (j === BETWEEN ? betweenAt[i] : value)),
        })),
      );
      return new Uint32Array(buffer, maximaAt, strips * count * 2);
    },
    async close() {
      await pool.close();
      returnMemory(memory);
    },
  };
}

const STRIP_BYTES = STRIP_COLUMNS * 2;

/** Rows that stay in the second cache while all sums of a strip take from them, as the kernel has it. */
const TILE_ROWS = 8192;

/** Rows that are rounded at once: to whole pages, where their places are neighbors. */
const PLACED = 64;

/** The kernel's argument that no two threads share. */
const BETWEEN = 8;
