import { kernelPool } from "./kernel-pool.ts";
import { shareOfCalls } from "./kernel-task.ts";
import { borrowMemory, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { layout } from "./layout.ts";

export interface RowProductsOptions {
  readonly columns: number;
  /** Rows that are held. */
  readonly rows: number;
  /** Rows that are multiplied at once, at most. */
  readonly lefts: number;
  /** Rows that each is multiplied with, at most. */
  readonly rights: number;
  /** Worker threads; 0 computes on the calling thread. */
  readonly threads: number;
}

/** Which rows are multiplied with which: their places. */
export interface ProductsOfRow {
  readonly left: number;
  readonly rights: readonly number[];
}

/** Rows of f32 and their products in f64, which depend on the two rows alone. What has threads must be closed. */
export interface RowProducts {
  /** Places a row [columns], while no product is under way. */
  place(row: Float32Array, place: number): void;
  /**
   * ⟨left, right⟩ of all rights of each request, each summed in f64.
   * @returns the products of a request: memory that is used again by the next call
   */
  multiply(requests: readonly ProductsOfRow[]): Promise<(request: number) => Float64Array>;
  close(): Promise<void>;
}

/**
 * Holds rows where the SIMD kernel and its threads read them.
 *
 * Memory: four bytes a value.
 * @throws RevocabError not_enough_memory when they are beyond what the kernel can address, 3.75 GiB
 */
export function openRowProducts({ columns, rows, lefts, rights, threads }: RowProductsOptions): RowProducts {
  const width = Math.ceil(columns / 4) * 4;
  const { reserve, end } = layout(KERNEL_BYTES);
  const headsAt = reserve(lefts * HEAD_BYTES);
  const othersAt = reserve(lefts * rights * 4);
  const outAt = reserve(lefts * rights * 8);
  const rowsAt = reserve(rows * width * 4);
  const memory = borrowMemory(end(`${rows} rows of ${columns} columns`));
  const { buffer } = memory;
  const heads = new Uint32Array(buffer, headsAt, (lefts * HEAD_BYTES) / 4);
  const others = new Uint32Array(buffer, othersAt, lefts * rights);
  const pool = kernelPool(memory, threads);
  const addressOf = (place: number) => rowsAt + place * width * 4;
  return {
    place(row, place) {
      const placed = new Float32Array(buffer, addressOf(place), width);
      placed.set(row);
      placed.fill(0, columns);
    },
    async multiply(requests) {
      const firsts: number[] = [];
      let count = 0;
      requests.forEach(({ left, rights: places }, i) => {
        firsts.push(count);
        heads.set([addressOf(left), count, places.length], (i * HEAD_BYTES) / 4);
        for (const place of places) others[count++] = addressOf(place);
      });
      const calls = {
        kernel: "wideProducts",
        calls: requests.length,
        first: [headsAt, othersAt, width, outAt],
        steps: [HEAD_BYTES, 0, 0, 0],
      } as const;
      await pool.run(shareOfCalls(calls, pool.size));
      return (i) => new Float64Array(buffer, outAt + firsts[i] * 8, requests[i].rights.length);
    },
    async close() {
      await pool.close();
      returnMemory(memory);
    },
  };
}

const HEAD_BYTES = 12;
