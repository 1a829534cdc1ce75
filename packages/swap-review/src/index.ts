export type { NearestTokens } from "./nearest-tokens.ts";
export { parseReport, type ReviewedReport, type ReviewedScore, readReport } from "./read-report.ts";
export type { MethodOfRecipe } from "./review-leave-out.ts";
export { type ExploredSwap, exploreSwap, type ReviewSwapOptions, reviewSwap } from "./review-swap.ts";
export type { RowGroup } from "./row-groups.ts";
export type { RowMap, RowSeries } from "./row-map.ts";
export type { Quantiles, RowNorms } from "./row-norms.ts";
export type { RowOrigins } from "./row-origins.ts";
export type {
  ReviewedEvaluation,
  ReviewedLosses,
  SharedRows,
  SwapReview,
  TableReview,
} from "./swap-review.ts";
