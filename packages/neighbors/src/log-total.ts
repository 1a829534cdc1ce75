import type { RowRange } from "@revocab/matrix/internal";
import type { PassedCluster } from "./rank-clusters.ts";

interface LogTotalOptions {
  /** Rows with their own products, the largest first. */
  readonly found: { readonly ids: Uint32Array; readonly products: Float32Array };
  /** [V] by place. */
  readonly products: Float32Array;
  readonly candidates: Uint8Array;
  /** The places that were looked at. */
  readonly ranges: readonly RowRange[];
  readonly rowAt: (place: number) => number;
  /** Clusters that were not looked at. */
  readonly passed: readonly PassedCluster[];
  readonly become: (product: number) => number;
}

/** What is e⁻⁴⁰ of the largest does not count, even a million times. */
const NEGLIGIBLE = 40;

/** log Σ exp of what products become. */
export function logTotal(options: LogTotalOptions): number {
  const { found, products, candidates, ranges, rowAt, passed, become } = options;
  if (found.ids.length === 0) return Number.NEGATIVE_INFINITY;
  const largest = become(found.products[0]);
  let total = 0;
  for (const product of found.products) total += Math.exp(become(product) - largest);
  const isFound = new Set(found.ids);
  const floor = lowestThatCounts(found.products[0], become);
  for (const { first, end } of ranges) {
    for (let place = first; place < end; place++) {
      if (products[place] < floor || candidates[place] === 0 || isFound.has(rowAt(place))) continue;
      total += Math.exp(become(products[place]) - largest);
    }
  }
  for (const { count, mean, variance } of passed) {
    const slope = become(mean + 1) - become(mean);
    total += count * Math.exp(become(mean) + (slope * slope * variance) / 2 - largest);
  }
  return largest + Math.log(total);
}

/** Products below this become too little to count. */
function lowestThatCounts(largest: number, become: (product: number) => number): number {
  const counts = (product: number) => become(product) > become(largest) - NEGLIGIBLE;
  let step = 1;
  while (counts(largest - step)) {
    step *= 2;
    if (step > 2 ** 40) return Number.NEGATIVE_INFINITY;
  }
  return largest - step;
}
