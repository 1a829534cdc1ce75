import type { Matrix } from "@revocab/core";
import { forEachRowBlock, normalizeRows } from "@revocab/matrix";
import type { NeighborSearch } from "./neighbor-search.ts";

export interface CandidateBlock {
  /** [rows] ascending row numbers. */
  readonly ids: Uint32Array;
  /** [rows × d], of length 1 by cosine. */
  readonly rows: Matrix;
}

/**
 * Visits all candidates in order, `blockRows` at a time: other rows may hold anything, infinities too, and must not come
 * near a product. The block's memory is used again for the next one.
 * @throws RevocabError aborted, between two blocks
 */
export async function forEachCandidateBlock(
  { rows, candidates, metric, abortSignal }: NeighborSearch,
  blockRows: number,
  visit: (block: CandidateBlock) => Promise<void>,
): Promise<void> {
  const { columns } = rows;
  const ids = new Uint32Array(blockRows);
  const data = new Float32Array(blockRows * columns);
  let filled = 0;
  const visitFilled = async () => {
    const block = { rows: filled, columns, data: data.subarray(0, filled * columns) };
    if (metric === "cosine") normalizeRows(block);
    await visit({ ids: ids.subarray(0, filled), rows: block });
    filled = 0;
  };
  const collect = async (start: number, block: Matrix) => {
    for (let row = 0; row < block.rows; row++) {
      if (candidates.isCandidate[start + row] === 0) continue;
      ids[filled] = start + row;
      data.set(block.data.subarray(row * columns, (row + 1) * columns), filled * columns);
      if (++filled === blockRows) await visitFilled();
    }
  };
  await forEachRowBlock(rows, collect, { ...(abortSignal && { abortSignal }) });
  if (filled > 0) await visitFilled();
}
