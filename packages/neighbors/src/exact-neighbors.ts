import { type Matrix, quiet } from "@revocab/core";
import { multiplyTransposed } from "@revocab/matrix";
import { hasOnnxRuntime } from "@revocab/onnx";
import type { NeighborSearch, Neighbors } from "./neighbor-search.ts";
import { runtimeNeighbors } from "./runtime-neighbors.ts";
import { TopNeighbors } from "./top-neighbors.ts";

/**
 * Compares every query with every row: by onnxruntime where it is installed and pays, else by the WebAssembly kernel. Both
 * give the same rows and the same similarities, bit for bit.
 * @throws RevocabError aborted, between two blocks
 */
export async function exactNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const isByRuntime = paysByRuntime(search) && (await hasOnnxRuntime());
  return isByRuntime ? runtimeNeighbors(search) : kernelNeighbors(search);
}

/**
 * Loading the runtime costs about what the kernel takes for this many products. And the runtime only finds candidates: with
 * too few rows for each neighbor, so many are compared again that the kernel is as fast.
 */
const PRODUCTS = 2e9;
const ROWS_PER_NEIGHBOR = 200;

function paysByRuntime({ queries, candidates, k }: NeighborSearch): boolean {
  const products = queries.rows * queries.columns * candidates.count;
  return products >= PRODUCTS && candidates.count >= ROWS_PER_NEIGHBOR * k;
}

/**
 * Compares every query with every row, by the WebAssembly kernel on the calling thread, and keeps the k best of each.
 * @throws RevocabError aborted, between two blocks
 */
export async function kernelNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const { queries, rows, candidates, k, metric, job } = search;
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  for (let start = 0; start < queries.rows; start += QUERIES_AT_A_TIME) {
    const part = partOf(queries, start, Math.min(QUERIES_AT_A_TIME, queries.rows - start));
    const top = new TopNeighbors(part.rows, k);
    await multiplyTransposed({
      left: part,
      right: rows,
      normalize: metric === "cosine",
      job: quiet(job),
      onBlock: (firstRow, block) => top.offer(firstRow, block, candidates.isCandidate),
    });
    top.writeSorted(ids.subarray(start * k), similarities.subarray(start * k));
    job?.onProgress?.({
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
