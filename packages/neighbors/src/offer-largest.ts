import type { Matrix } from "@revocab/core";
import { matrixOfBytes, multiplyTransposed, rowProduct } from "@revocab/matrix";
import type { CandidateBlock } from "./for-each-candidate-block.ts";
import type { FoundProducts } from "./largest-products.ts";
import type { TopNeighbors } from "./top-neighbors.ts";

export interface LargestOffer {
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
export async function offerLargest(offer: LargestOffer): Promise<void> {
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
  const { columns } = queries;
  const left = new Float32Array(undecided.length * columns);
  for (const [i, query] of undecided.entries()) {
    left.set(queries.data.subarray(query * columns, (query + 1) * columns), i * columns);
  }
  const { rows, data } = block.rows;
  const offered = undecided.map(
    (query) => new Set(Array.from(found.columns.subarray(query * count, (query + 1) * count), Number)),
  );
  await multiplyTransposed({
    left: { rows: undecided.length, columns, data: left },
    right: matrixOfBytes(
      { rows, columns, dtype: "F32" },
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ),
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
