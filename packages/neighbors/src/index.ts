export type { HnswOptions } from "./hnsw-neighbors.ts";
export { type NearestRowsOptions, type NeighborIndex, nearestRows } from "./nearest-rows.ts";
export type { Neighbors } from "./neighbor-search.ts";
