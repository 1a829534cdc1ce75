export {
  ANCHOR_FILTERS,
  type AnchorFilter,
  type AnchorOptions,
  PREFIX_COPIES,
  type PrefixCopies,
} from "./anchor-options.ts";
export { clp, clpEntry } from "./clp.ts";
export { DONOR_METHODS } from "./donor-catalog.ts";
export {
  type MatchingPursuitOptions,
  matchingPursuit,
  matchingPursuitEntry,
  ROTATIONS,
  type Rotation,
} from "./matching-pursuit.ts";
export { type NearestOptions, nearest, nearestEntry } from "./nearest.ts";
export { type OmpOptions, omp, ompEntry, PICKS, type Picks } from "./omp.ts";
export {
  PROCRUSTES_MAPS,
  type ProcrustesMap,
  type ProcrustesOptions,
  procrustes,
  procrustesEntry,
} from "./procrustes.ts";
export {
  NEAREST_METRICS,
  NEAREST_SOLVERS,
  type NearestMetric,
  type NearestSolver,
} from "./solvers/nearest-anchors.ts";
export { type SparseBasisOptions, sparseBasis, sparseBasisEntry } from "./sparse-basis.ts";
