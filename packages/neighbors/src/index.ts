export type { HnswOptions } from "./hnsw-neighbors.ts";
export type { NearestRowsOptions, NeighborIndex } from "./nearest-rows.ts";
export { nearestRows } from "./nearest-rows.ts";
export type { Neighbors } from "./neighbors.ts";
