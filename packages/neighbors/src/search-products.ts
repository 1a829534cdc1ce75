import { type Job, type Matrix, RevocabError, type StoredMatrix, threadsOf } from "@revocab/core";
import { readRows, rowProduct } from "@revocab/matrix";
import { openQuantizedRows, type QuantizedRows, type RowRange } from "@revocab/matrix/internal";
import { logTotal } from "./log-total.ts";
import { lengthOf } from "./neighbor-search.ts";
import type { ProductIndex } from "./product-index.ts";
import { type ClusterRanking, openRanking } from "./rank-clusters.ts";
import { productError } from "./runtime-neighbors.ts";
import { TopNeighbors } from "./top-neighbors.ts";

export interface ProductSearchOptions {
  readonly index: ProductIndex;
  /** [V × d] the rows that the index was built over. */
  readonly rows: StoredMatrix;
  /** [V] what is added to the product of each row. @default nothing */
  readonly addends?: Float32Array;
  /** Rows that may be found. @default every row */
  readonly isCandidate?: (row: number) => boolean;
  /** `threads`: that multiply the whole numbers. @default all cores, one for fewer than 20,000 rows */
  readonly job?: Job;
}

export interface LargestRowsOptions {
  /** How many rows to find. */
  readonly k: number;
  /** The share of the rows that is looked at, cluster by cluster; 1 looks at all. @default 1 */
  readonly share?: number;
}

/** Rows with the largest products, the largest first; of equal ones the lower number first. */
export interface LargestRows {
  /** [k] row numbers; fewer where there are not so many candidates among the rows that were looked at. */
  readonly ids: Uint32Array;
  /** [k] the products with the rows themselves, in f32, and their addends. */
  readonly products: Float32Array;
  /** Whether all rows were looked at: then no other row has a larger product, by the bounds of the rounding. */
  readonly isProven: boolean;
  /** Rows that were multiplied themselves, because they may have been among the largest. */
  readonly compared: number;
  /**
   * log Σ exp of the products of all candidates: the found rows with their products, others that were looked at with the products
   * of their whole numbers, and each cluster that was not as if its rows lay normally about its center. Valid until the next search.
   * @param become what a product becomes first, an increasing function @default the product itself
   */
  logTotal(become?: (product: number) => number): number;
}

/** Searches in an index, one search at a time. It has threads and must be closed. */
export interface ProductSearch {
  /**
   * The rows with the largest products with a query.
   * @param query [d]
   * @throws RevocabError `bad_options`; `shape_mismatch`; `not_finite`; what reading rows throws
   */
  largest(query: Float32Array, options: LargestRowsOptions): Promise<LargestRows>;
  close(): Promise<void>;
}

/** Below this, to wake threads takes longer than they save. */
const ROWS_WORTH_THREADS = 20_000;

/**
 * Finds the rows with the largest inner products: all rows of the index, or those of the most promising clusters, are multiplied as
 * whole numbers, and every row that may be among the k largest, by what the rounding can amount to, is multiplied itself.
 *
 * Memory: the index, and 13 bytes a row beside it.
 * @throws RevocabError `shape_mismatch` when the rows are not those of the index; `not_enough_memory`
 */
export async function openProductSearch(options: ProductSearchOptions): Promise<ProductSearch> {
  const { index, rows: stored, addends, isCandidate = () => true, job } = options;
  const { rows, columns, longest, clusters, errors } = index;
  checkRows(index, stored);
  const rowAt = (place: number) => (clusters === undefined ? place : clusters.order[place]);
  const threads = threadsOf(job, rows < ROWS_WORTH_THREADS ? 1 : undefined);
  const held = openQuantizedRows({
    columns,
    rows,
    ranges: clusters?.centers.rows ?? 1,
    threads: threads === 1 ? 0 : threads,
  });
  const candidates = new Uint8Array(rows);
  for (let place = 0; place < rows; place++) {
    const row = rowAt(place);
    candidates[place] = isCandidate(row) ? 1 : 0;
    if (addends !== undefined) held.addends[place] = addends[row];
  }
  const ranking = await openFilled(held, index);
  const largestAddend = addends?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0;

  /** The rows that may be among the k largest, multiplied themselves. */
  async function compare(query: Float32Array, places: readonly number[], k: number) {
    const found = Math.min(k, places.length);
    const top = new TopNeighbors(1, found);
    const left: Matrix = { rows: 1, columns, data: query };
    for (let start = 0; start < places.length; start += ROWS_AT_A_TIME) {
      const ids = places.slice(start, start + ROWS_AT_A_TIME).map(rowAt);
      const block = await readRows(stored, ids);
      for (const [i, id] of ids.entries()) {
        const own = rowProduct(left, 0, block, i);
        const product = addends === undefined ? own : Math.fround(own + addends[id]);
        if (!Number.isFinite(product)) throw notFinite(id, product);
        top.offerRow(0, id, product);
      }
    }
    const ids = new Uint32Array(found);
    const products = new Float32Array(found);
    top.writeSorted(ids, products);
    return { ids, products };
  }

  return {
    async largest(query, { k, share = 1 }) {
      checkSearch(query, columns, k, share);
      const length = lengthOf(query, 0, columns);
      const isProven = ranking === undefined || share === 1;
      const chosen = isProven ? undefined : await ranking.choose(query, length, share * rows);
      const ranges = chosen?.ranges ?? [{ first: 0, end: rows }];
      const { products, error } = await held.multiply(query, ranges);
      const span = length * longest;
      const bounds: Bounds = {
        products,
        errors,
        candidates,
        ranges,
        factor: isProven ? length : length * Math.min(1, SIGMAS / Math.sqrt(columns)),
        slack: error * longest + productError(columns, span) + 2 ** -21 * (span + largestAddend),
      };
      const places = placesAbove(bounds, kthLargest(bounds, k));
      const found = await compare(query, places, k);
      return {
        ...found,
        isProven,
        compared: places.length,
        logTotal: (become = (product) => product) =>
          logTotal({ found, products, candidates, ranges, rowAt, passed: chosen?.passed() ?? [], become }),
      };
    },
    async close() {
      await Promise.all([held.close(), ranking?.close()]);
    },
  };
}

/** Rows that are read at a time to be compared. */
const ROWS_AT_A_TIME = 4096;

/**
 * The errors of the columns are as good as independent, so the error of a product is about normal, with |query| · |error| / √d as its
 * deviation. Only where all rows are looked at, and the largest are proven, the bound |query| · |error| is used in its place.
 */
const SIGMAS = 6;

/** Products of whole numbers, and how far each can be from that of its row: `factor · errors[place] + slack`. */
interface Bounds {
  readonly products: Float32Array;
  readonly errors: Float32Array;
  /** 1 where the row of a place may be found. */
  readonly candidates: Uint8Array;
  /** The places that were looked at. */
  readonly ranges: readonly RowRange[];
  readonly factor: number;
  readonly slack: number;
}

/** The k-th largest of what the products are at least; −∞ where there are fewer. */
function kthLargest({ products, errors, candidates, ranges, factor, slack }: Bounds, k: number): number {
  // a heap with the least at its root
  const heap = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (const { first, end } of ranges) {
    for (let place = first; place < end; place++) {
      const value = products[place] - factor * errors[place];
      if (!(value > heap[0]) || candidates[place] === 0) continue;
      let hole = 0;
      for (;;) {
        let child = 2 * hole + 1;
        if (child >= k) break;
        if (child + 1 < k && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[hole] = heap[child];
        hole = child;
      }
      heap[hole] = value;
    }
  }
  return heap[0] - slack;
}

/** The places whose products can be as large as this. */
function placesAbove(
  { products, errors, candidates, ranges, factor, slack }: Bounds,
  least: number,
): number[] {
  const places: number[] = [];
  const from = least - slack;
  for (const { first, end } of ranges) {
    for (let place = first; place < end; place++) {
      if (products[place] + factor * errors[place] >= from && candidates[place] === 1) places.push(place);
    }
  }
  return places;
}

/** Fills the rows, and ranks their clusters if there are any; closes the rows where it fails. */
async function openFilled(held: QuantizedRows, index: ProductIndex): Promise<ClusterRanking | undefined> {
  try {
    await fillHeld(held, index);
    return index.clusters && (await openRanking(index.clusters, held.addends));
  } catch (error) {
    await held.close();
    throw error;
  }
}

async function fillHeld(held: QuantizedRows, { rows, width, scales, values }: ProductIndex): Promise<void> {
  held.scales.set(scales);
  const most = Math.max(1, Math.floor((64 << 20) / width));
  for (let start = 0; start < rows; start += most) {
    const count = Math.min(most, rows - start);
    await values.readRows(start, count, held.values.subarray(start * width, (start + count) * width));
  }
}

function notFinite(row: number, product: number): RevocabError {
  return new RevocabError("not_finite", `the product of the query and row ${row} is ${product}`, {
    hint: "leave the row out, or repair it",
  });
}

function checkRows({ rows, columns }: ProductIndex, stored: StoredMatrix): void {
  if (stored.rows === rows && stored.columns === columns) return;
  throw new RevocabError(
    "shape_mismatch",
    `the index is over ${rows} rows of ${columns} columns, but there are ${stored.rows} of ${stored.columns}`,
    { hint: "build an index over these rows" },
  );
}

function checkSearch(query: Float32Array, columns: number, k: number, share: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RevocabError("bad_options", `${k} rows were requested, expected an integer of at least 1`);
  }
  if (!(share > 0 && share <= 1)) {
    throw new RevocabError(
      "bad_options",
      `a share of ${share} of the rows was to be searched, expected more than 0 and at most 1`,
    );
  }
  if (query.length !== columns) {
    throw new RevocabError(
      "shape_mismatch",
      `a query of ${query.length} columns was to be compared with rows of ${columns} columns`,
    );
  }
  const wrong = query.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RevocabError("not_finite", `the query holds ${wrong}`);
}
