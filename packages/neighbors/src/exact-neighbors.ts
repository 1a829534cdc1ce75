import { RevocabError } from "@revocab/core";
import { loadOnnxRuntime } from "@revocab/onnx";
import { kernelNeighbors } from "./kernel-neighbors.ts";
import type { NeighborSearch } from "./neighbor-search.ts";
import type { Neighbors } from "./neighbors.ts";
import { runtimeNeighbors } from "./runtime-neighbors.ts";

/**
 * Compares every query with every row: by onnxruntime where it is installed and pays, else by the WebAssembly kernel. Both
 * give the same rows and the same similarities, bit for bit.
 * @throws RevocabError aborted, between two blocks
 */
export async function exactNeighbors(search: NeighborSearch): Promise<Neighbors> {
  const isByRuntime = paysByRuntime(search) && (await hasRuntime());
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

async function hasRuntime(): Promise<boolean> {
  try {
    await loadOnnxRuntime();
    return true;
  } catch (error) {
    if (error instanceof RevocabError && error.code === "missing_dependency") return false;
    throw error;
  }
}
