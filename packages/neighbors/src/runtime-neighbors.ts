import { type Matrix, threadsOf, throwIfAborted } from "@revocab/core";
import { multiplyTransposed, normalizeRows, rowProduct, selectRows, storedView } from "@revocab/matrix";
import { type FoundProducts, openLargestProducts } from "./largest-products.ts";
import {
  type CandidateBlock,
  forEachCandidateBlock,
  lengthOf,
  type NeighborSearch,
  type Neighbors,
} from "./neighbor-search.ts";
import { TopNeighbors } from "./top-neighbors.ts";

/**
 * The same neighbors as the kernel's, found by onnxruntime: its products choose which rows may be among the k best, by more
 * than both roundings can amount to, and those few are compared again as the kernel compares.
 *
 * Memory: 32 MB of queries and about 30 MB beside them.
 * @throws RevocabError missing_dependency; aborted, between two blocks
 */
export async function runtimeNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const { queries, candidates, k, metric, job } = search;
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  const products = await openLargestProducts(threadsOf(job));
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
          throwIfAborted(job?.abortSignal);
          const found = await products.find(part, block.rows, count);
          await offerLargest({ top, firstQuery: first, queries: part, block, found, count, errors });
        }
        compared += block.rows.rows;
        job?.onProgress?.({
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

/** A product of this size stays in the caches: it is twice as fast as one of 5,000 rows. */
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

interface LargestOffer {
  readonly top: TopNeighbors;
  /** The place of the first of `queries` in `top` and `errors`. */
  readonly firstQuery: number;
  /** [m × d] */
  readonly queries: Matrix;
  readonly block: CandidateBlock;
  /** The largest products of each query with the block. */
  readonly found: FoundProducts;
  /** How many there are for each query. */
  readonly count: number;
  /** How far a product can be from the kernel's, by query. */
  readonly errors: Float64Array;
}

/**
 * Offers the rows of a block that may be among the k best, with the kernel's similarities. A row of which the product is
 * below the k-th best similarity by more than the error cannot. Where even the last of the largest products is not below it,
 * as among many equal rows, the kernel compares the query with the whole block.
 */
async function offerLargest(offer: LargestOffer): Promise<void> {
  const { top, firstQuery, queries, block, found, count, errors } = offer;
  const undecided: number[] = [];
  for (let query = 0; query < queries.rows; query++) {
    const error = errors[firstQuery + query];
    const end = (query + 1) * count;
    let at = query * count;
    for (; at < end && found.values[at] >= top.worstOf(firstQuery + query) - error; at++) {
      const row = Number(found.columns[at]);
      top.offerRow(firstQuery + query, block.ids[row], rowProduct(queries, query, block.rows, row));
    }
    const isOpen = at === end && count < block.rows.rows;
    if (isOpen && found.values[end - 1] >= top.worstOf(firstQuery + query) - error) undecided.push(query);
  }
  if (undecided.length > 0) await offerAll(offer, undecided);
}

/** The rows of the block that were not among the largest: those have been offered. */
async function offerAll(
  { top, firstQuery, queries, block, found, count }: LargestOffer,
  undecided: readonly number[],
): Promise<void> {
  const offered = undecided.map(
    (query) => new Set(Array.from(found.columns.subarray(query * count, (query + 1) * count), Number)),
  );
  await multiplyTransposed({
    left: selectRows(queries, undecided),
    right: storedView(block.rows),
    onBlock: (start, product) => {
      for (const [i, query] of undecided.entries()) {
        for (let column = 0; column < product.columns; column++) {
          if (offered[i].has(start + column)) continue;
          const similarity = product.data[i * product.columns + column];
          top.offerRow(firstQuery + query, block.ids[start + column], similarity);
        }
      }
    },
  });
}

/**
 * How far two f32 dot products of the same rows can be apart, whatever the order in which each adds, with products rounded or
 * not: each is within γ·|a|·|b| of the true one, γ = d·u / (1 − d·u) and u = 2⁻²⁴, and what is lost below the smallest normal
 * number is at most 2⁻¹⁴⁹ a term.
 * @param depth d
 * @param lengths |a|·|b|, or more
 * @see Higham, Accuracy and Stability of Numerical Algorithms, 3.1
 */
export function productError(depth: number, lengths: number): number {
  const roundings = (depth + 2) * 2 ** -24;
  return (2 * roundings * lengths) / (1 - roundings) + depth * 2 ** -148;
}
