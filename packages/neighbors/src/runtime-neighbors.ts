import { type Matrix, throwIfAborted } from "@revocab/core";
import { normalizeRows } from "@revocab/matrix";
import { type CandidateBlock, forEachCandidateBlock } from "./for-each-candidate-block.ts";
import { openLargestProducts } from "./largest-products.ts";
import { lengthOf } from "./length-of.ts";
import type { NeighborSearch } from "./neighbor-search.ts";
import type { Neighbors } from "./neighbors.ts";
import { offerLargest } from "./offer-largest.ts";
import { productError } from "./product-error.ts";
import { TopNeighbors } from "./top-neighbors.ts";

/**
 * The same neighbors as the kernel's, found by onnxruntime: its products choose which rows may be among the k best, by more
 * than both roundings can amount to, and those few are compared again as the kernel compares.
 *
 * Memory: 32 MB of queries and about 30 MB beside them.
 * @throws RevocabError missing_dependency; aborted, between two blocks
 */
export async function runtimeNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const { queries, candidates, k, metric, abortSignal, onProgress } = search;
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  const products = await openLargestProducts();
  const longestRow = metric === "cosine" ? LONGEST_OF_UNIT_LENGTH : candidates.longest;
  const heldQueries = queriesHeld(queries.columns);
  try {
    for (let start = 0; start < queries.rows; start += heldQueries) {
      const held = partOf(queries, start, heldQueries, metric === "cosine");
      const parts = partsOf(held);
      const top = new TopNeighbors(held.rows, k);
      const errors = errorsOf(held, longestRow);
      let compared = 0;
      await forEachCandidateBlock(search, ROWS_AT_A_TIME, async (block: CandidateBlock) => {
        const count = Math.min(block.rows.rows, k + SPARE);
        for (const { first, part } of parts) {
          throwIfAborted(abortSignal);
          const found = await products.find(part, block.rows, count);
          await offerLargest({ top, firstQuery: first, queries: part, block, found, count, errors });
        }
        compared += block.rows.rows;
        onProgress?.({
          type: "progress",
          step: "nearest rows",
          done: start + Math.floor((held.rows * compared) / candidates.count),
          total: queries.rows,
          unit: "rows",
        });
      });
      top.writeSorted(ids.subarray(start * k), similarities.subarray(start * k));
    }
  } finally {
    await products.release();
  }
  return { k, ids, similarities };
}

/** A product of this size stays in the caches, which makes it twice as fast as one of 5,000 rows. */
const QUERIES_AT_A_TIME = 1024;
const ROWS_AT_A_TIME = 2048;

/** Values beyond the k-th that leave the runtime: with none, hardly any query would be seen to have no further candidate. */
const SPARE = 8;

/** Rows are read and scaled once for all of these. */
const HELD_BYTES = 32 << 20;

/** Rounded to f32, no row of length 1 is longer. */
const LONGEST_OF_UNIT_LENGTH = 1 + 2 ** -20;

function queriesHeld(columns: number): number {
  const fitting = Math.floor(HELD_BYTES / (4 * Math.max(1, columns)));
  return Math.max(QUERIES_AT_A_TIME, fitting - (fitting % QUERIES_AT_A_TIME));
}

function partOf({ rows, columns, data }: Matrix, start: number, count: number, scaled: boolean): Matrix {
  const end = Math.min(rows, start + count);
  const part = data.subarray(start * columns, end * columns);
  const matrix = { rows: end - start, columns, data: scaled ? part.slice() : part };
  if (scaled) normalizeRows(matrix);
  return matrix;
}

function partsOf(held: Matrix): { readonly first: number; readonly part: Matrix }[] {
  return Array.from({ length: Math.ceil(held.rows / QUERIES_AT_A_TIME) }, (_, i) => {
    const first = i * QUERIES_AT_A_TIME;
    return { first, part: partOf(held, first, QUERIES_AT_A_TIME, false) };
  });
}

/** [m] how far a product of each query can be from the kernel's. */
function errorsOf({ rows, columns, data }: Matrix, longestRow: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) =>
    productError(columns, lengthOf(data, row * columns, columns) * longestRow),
  );
}
