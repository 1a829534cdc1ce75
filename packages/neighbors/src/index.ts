export type { RowClusters } from "./cluster-rows.ts";
export type { HnswOptions } from "./hnsw-neighbors.ts";
export { type NearestRowsOptions, type NeighborIndex, nearestRows } from "./nearest-rows.ts";
export type { Neighbors } from "./neighbor-search.ts";
export { type BuildProductIndexOptions, buildProductIndex, type ProductIndex } from "./product-index.ts";
export {
  type LargestRows,
  type LargestRowsOptions,
  openProductSearch,
  type ProductSearch,
  type ProductSearchOptions,
} from "./search-products.ts";
