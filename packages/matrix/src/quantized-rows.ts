import { kernelPool } from "./kernel-pool.ts";
import { shareOfCalls } from "./kernel-task.ts";
import { borrowMemory, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { layout } from "./layout.ts";

/** How a row is made of whole numbers. */
export interface QuantizedRow {
  /** The row is about this times its whole numbers; 0 for a row of zeros. */
  readonly scale: number;
  /** The length of the difference, rounded up. */
  readonly error: number;
}

/** Rows from `first` to before `end`. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

export interface QuantizedRowsOptions {
  readonly columns: number;
  readonly rows: number;
  /** Ranges that are multiplied at once, at most. @default 1 */
  readonly ranges?: number;
  /** Worker threads; 0 computes on the calling thread. */
  readonly threads: number;
}

export interface QuantizedProducts {
  /** [rows] `addends[r]` and the product of row r, for rows of the ranges; memory that is used again by the next call. */
  readonly products: Float32Array;
  /** The length of what rounding took from the query, or more. */
  readonly error: number;
}

/** Rows of whole numbers of 8 bits, and their products with a query. What has threads must be closed. */
export interface QuantizedRows {
  /** Values of a row: the columns, and zeros up to a multiple of {@link QUANTIZED_ALIGNMENT}. */
  readonly width: number;
  /** [rows × width], to be filled by the caller. */
  readonly values: Int8Array;
  /** [rows] what the values are multiplied with, to be filled by the caller. */
  readonly scales: Float32Array;
  /** [rows] what is added to each product; zeros at first. */
  readonly addends: Float32Array;
  /**
   * The products of a query with the rows of the ranges. Each depends on the query and its own row alone.
   * @param query [columns], finite
   */
  multiply(query: Float32Array, ranges: readonly RowRange[]): Promise<QuantizedProducts>;
  close(): Promise<void>;
}

/** The kernel reads so many values at a time. */
export const QUANTIZED_ALIGNMENT = 16;

export function quantizedWidth(columns: number): number {
  return Math.ceil(columns / QUANTIZED_ALIGNMENT) * QUANTIZED_ALIGNMENT;
}

/**
 * Rounds a row to whole numbers from −127 to 127, its largest value to one of these.
 * @param into as long as `row`
 */
export function quantizeRow(row: Float32Array, into: Int8Array): QuantizedRow {
  return quantize(row, 127, into);
}

function quantize(row: Float32Array, most: number, into: Int8Array | Int16Array): QuantizedRow {
  let largest = 0;
  for (let i = 0; i < row.length; i++) largest = Math.max(largest, Math.abs(row[i]));
  const scale = Math.fround(largest / most);
  const inverse = scale === 0 ? 0 : 1 / scale;
  let square = 0;
  for (let i = 0; i < row.length; i++) {
    const value = Math.max(-most, Math.min(most, Math.round(row[i] * inverse)));
    into[i] = value;
    const difference = row[i] - value * scale;
    square += difference * difference;
  }
  return { scale, error: Math.sqrt(square) * ROUNDED_UP };
}

/** More than what f64 sums of rows lose, and the rounding to f32. */
const ROUNDED_UP = 1 + 2 ** -20;

/**
 * Holds rows of whole numbers where the SIMD kernel and its threads read them. A query is rounded to 16 bits, or to as many as no
 * sum can overflow with: its error is hundreds of times below that of the rows.
 *
 * Memory: a byte a value, and 12 a row.
 * @throws RevocabError not_enough_memory when they are beyond what the kernel can address, 3.75 GiB
 */
export function openQuantizedRows({
  columns,
  rows,
  ranges = 1,
  threads,
}: QuantizedRowsOptions): QuantizedRows {
  const width = quantizedWidth(columns);
  // no sum of products with values down to −128 reaches 2³¹
  const mostOfQuery = Math.min(32767, Math.floor((2 ** 31 - 1) / (128 * width)));
  const { pieces, queryAt, rangesAt, scalesAt, addendsAt, outAt, valuesAt, end } = placesOf({
    columns,
    rows,
    ranges,
  });
  const memory = borrowMemory(end);
  const { buffer } = memory;
  const placed = new Int16Array(buffer, queryAt, width).fill(0);
  const bounds = new Uint32Array(buffer, rangesAt, pieces * 2);
  const pool = kernelPool(memory, threads);
  return {
    width,
    values: new Int8Array(buffer, valuesAt, rows * width),
    scales: new Float32Array(buffer, scalesAt, rows),
    addends: new Float32Array(buffer, addendsAt, rows).fill(0),
    async multiply(query, asked) {
      const { scale, error } = quantize(query, mostOfQuery, placed);
      let count = 0;
      for (const { first, end: last } of asked) {
        for (let from = first; from < last; from += ROWS_AT_A_TIME) {
          bounds.set([from, Math.min(last, from + ROWS_AT_A_TIME)], 2 * count++);
        }
      }
      const calls = {
        kernel: "quantizedProducts",
        calls: count,
        first: [rangesAt, width, scale, queryAt, valuesAt, scalesAt, addendsAt, outAt],
        steps: [8, 0, 0, 0, 0, 0, 0, 0],
      } as const;
      if (count > 0) await pool.run(shareOfCalls(calls, pool.size));
      return { products: new Float32Array(buffer, outAt, rows), error };
    },
    async close() {
      await pool.close();
      returnMemory(memory);
    },
  };
}

/**
 * Requires that rows can be held, before they are there.
 * @throws RevocabError not_enough_memory as {@link openQuantizedRows} does
 */
export function requireQuantizedRows(options: Omit<QuantizedRowsOptions, "threads">): void {
  placesOf(options);
}

function placesOf({ columns, rows, ranges = 1 }: Omit<QuantizedRowsOptions, "threads">) {
  const { reserve, end } = layout(KERNEL_BYTES);
  const width = quantizedWidth(columns);
  const pieces = Math.ceil(rows / ROWS_AT_A_TIME) + ranges;
  return {
    pieces,
    queryAt: reserve(width * 2),
    rangesAt: reserve(pieces * 8),
    scalesAt: reserve(rows * 4),
    addendsAt: reserve(rows * 4),
    outAt: reserve(rows * 4),
    valuesAt: reserve(rows * width),
    end: end(`${rows} rows of ${columns} columns`),
  };
}

/** The ranges are cut into pieces of so many rows, so that threads get about as many each. */
const ROWS_AT_A_TIME = 256;
