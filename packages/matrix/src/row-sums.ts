import { BYTES_PER_VALUE, type Mixture, RevocabError, type StoredDtype } from "@revocab/core";
import { gatherPool } from "./gather-pool.ts";
import { borrowMemory, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { shareOfRows } from "./mixture-blocks.ts";

export interface RowSumsOptions {
  /** Of the rows and of their sums. */
  readonly dtype: StoredDtype;
  readonly columns: number;
  /** Rows that are held. */
  readonly rows: number;
  /** Rows of f32 that are held beside them; a mixture has them after the others. */
  readonly basisRows: number;
  /** Sums computed at once, at most. */
  readonly sums: number;
  /** Their sources together, at most. */
  readonly sources: number;
  /** Worker threads; 0 computes on the calling thread. */
  readonly threads: number;
}

/** Rows that change between two sums of them, held where the SIMD kernel and its threads read them. What has threads must be closed. */
export interface RowSums {
  /** A row as stored, little-endian, to be written while no sum is under way. */
  row(place: number): Uint8Array;
  /** All rows, each `stride` bytes after the one before. */
  readonly stored: { readonly bytes: Uint8Array; readonly stride: number };
  /** [columns] a row of f32, likewise. */
  basisRow(place: number): Float32Array;
  /**
   * Weighted sums of the rows, rounded once: the bytes of `encodeInto(gatherSum(…))`.
   * @returns the sum of a row of the mixture as stored: memory that may be changed, and is used again by the next call
   */
  sum(mixture: Mixture): Promise<(row: number) => Uint8Array>;
  close(): Promise<void>;
}

/**
 * Memory: that of rows and sums.
 * @throws RevocabError not_enough_memory when they are beyond what the kernel can address, 3.75 GiB
 */
export function openRowSums(options: RowSumsOptions): RowSums {
  const { dtype, columns, rows, basisRows, sums, sources, threads } = options;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const offsetsAt = KERNEL_BYTES;
  const pointersAt = aligned(offsetsAt + (sums + 1) * 4);
  const weightsAt = aligned(pointersAt + sources * 4);
  const sumsAt = aligned(weightsAt + sources * 4);
  const rowsAt = aligned(sumsAt + sums * rowBytes);
  // whole lines of the cache, so that a part of a row never takes one more
  const stride = aligned(rowBytes);
  const basisAt = rowsAt + rows * stride;
  const end = basisAt + basisRows * columns * 4;
  if (end > ADDRESSABLE_BYTES) {
    throw new RevocabError(
      "not_enough_memory",
      `${rows + basisRows} rows of ${columns} columns and ${sums} sums need ${end} bytes, expected at most ${ADDRESSABLE_BYTES}`,
    );
  }
  const memory = borrowMemory(end);
  const pool = gatherPool(memory, dtype, threads);
  const addressOf = (place: number) =>
    place < rows ? rowsAt + place * stride : basisAt + (place - rows) * columns * 4;
  return {
    row: (place) => new Uint8Array(memory.buffer, addressOf(place), rowBytes),
    stored: { bytes: new Uint8Array(memory.buffer, rowsAt, rows * stride), stride },
    basisRow: (place) => new Float32Array(memory.buffer, addressOf(rows + place), columns),
    async sum({ offsets, sources: places, weights }) {
      const count = offsets.length - 1;
      new Uint32Array(memory.buffer, offsetsAt, count + 1).set(offsets);
      new Float32Array(memory.buffer, weightsAt, weights.length).set(weights);
      new Uint32Array(memory.buffer, pointersAt, places.length).set(places.map(addressOf));
      const ranges = shareOfRows({ start: 0, end: count }, offsets, pool.size);
      await pool.run(
        ranges.map(({ start, end: after }) => ({
          dtype,
          rows: after - start,
          columns,
          offsets: offsetsAt + start * 4,
          pointers: pointersAt,
          weights: weightsAt,
          basis: basisAt,
          out: sumsAt + start * rowBytes,
        })),
      );
      return (row) => new Uint8Array(memory.buffer, sumsAt + row * rowBytes, rowBytes);
    },
    async close() {
      await pool.close();
      returnMemory(memory);
    },
  };
}

/** What 32-bit addresses reach, less a margin. */
const ADDRESSABLE_BYTES = 3.75 * 2 ** 30;

function aligned(address: number): number {
  return Math.ceil(address / 64) * 64;
}
