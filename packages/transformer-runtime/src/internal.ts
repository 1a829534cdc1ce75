/** What other packages build their own graphs of. */
export { planBatches } from "./batches.ts";
export type { DenseDescription, LinearDescription, NormDescription } from "./description.ts";
export { activate, feedForward, linear, norm } from "./graph/layers.ts";
export { flatten } from "./graph/ports.ts";
export { RowCache } from "./row-cache.ts";
export { type GraphWeights, openWeights, type Weights } from "./weights.ts";
