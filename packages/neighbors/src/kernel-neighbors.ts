import type { Matrix } from "@revocab/core";
import { multiplyTransposed } from "@revocab/matrix";
import type { NeighborSearch } from "./neighbor-search.ts";
import type { Neighbors } from "./neighbors.ts";
import { TopNeighbors } from "./top-neighbors.ts";

/**
 * Compares every query with every row, by the WebAssembly kernel on the calling thread, and keeps the k best of each.
 * @throws RevocabError aborted, between two blocks
 */
export async function kernelNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const { queries, rows, candidates, k, metric, abortSignal, onProgress } = search;
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  for (let start = 0; start < queries.rows; start += QUERIES_AT_A_TIME) {
    const part = partOf(queries, start, Math.min(QUERIES_AT_A_TIME, queries.rows - start));
    const top = new TopNeighbors(part.rows, k);
    await multiplyTransposed({
      left: part,
      right: rows,
      normalize: metric === "cosine",
      ...(abortSignal && { abortSignal }),
      onBlock: (firstRow, block) => top.offer(firstRow, block, candidates.isCandidate),
    });
    top.writeSorted(ids.subarray(start * k), similarities.subarray(start * k));
    onProgress?.({
      type: "progress",
      step: "nearest rows",
      done: start + part.rows,
      total: queries.rows,
      unit: "rows",
    });
  }
  return { k, ids, similarities };
}

/** Beyond about a thousand, reading the rows once more costs nothing beside the products. */
const QUERIES_AT_A_TIME = 1024;

function partOf({ columns, data }: Matrix, start: number, count: number): Matrix {
  return { rows: count, columns, data: data.subarray(start * columns, (start + count) * columns) };
}
