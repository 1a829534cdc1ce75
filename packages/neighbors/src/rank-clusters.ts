import { openQuantizedRows, quantizeRow, type RowRange } from "@revocab/matrix/internal";
import type { RowClusters } from "./cluster-rows.ts";

/** The places of a cluster, and how its rows' products with a query lie. */
export interface RankedCluster extends RowRange {
  readonly mean: number;
  readonly variance: number;
}

/** Ranks clusters by the largest product that a row of theirs is expected to have with a query. */
export interface ClusterRanking {
  /**
   * All clusters that have rows, the most promising first.
   * @param length of the query
   */
  rank(query: Float32Array, length: number): Promise<readonly RankedCluster[]>;
  close(): Promise<void>;
}

/**
 * The products of n rows that lie normally about their center are at most about √(2 ln n) deviations above the center's. So a
 * cluster of long rows that point elsewhere is told from one of short rows that point to the query.
 * @param addends [V] by place
 */
export async function openRanking(
  { centers, starts, spreads }: RowClusters,
  addends: Float32Array,
): Promise<ClusterRanking> {
  const { rows: count, columns, data } = centers;
  // the centers are few, so that they lie in the cache of one core
  const held = openQuantizedRows({ columns, rows: count, threads: 0 });
  const reaches = new Float64Array(count);
  for (let cluster = 0; cluster < count; cluster++) {
    const center = data.subarray(cluster * columns, (cluster + 1) * columns);
    const at = cluster * held.width;
    held.scales[cluster] = quantizeRow(center, held.values.subarray(at, at + columns)).scale;
    const [first, end] = [starts[cluster], starts[cluster + 1]];
    for (let place = first; place < end; place++) held.addends[cluster] += addends[place] / (end - first);
    const deviation = Math.sqrt(spreads[cluster] / columns);
    reaches[cluster] = Math.sqrt(2 * Math.log(Math.max(1, end - first))) * deviation;
  }
  const filled = Array.from({ length: count }, (_, cluster) => cluster).filter(
    (cluster) => starts[cluster] < starts[cluster + 1],
  );
  const whole = [{ first: 0, end: count }];
  return {
    async rank(query, length) {
      const { products } = await held.multiply(query, whole);
      const scores = Float64Array.from(products, (mean, cluster) => mean + length * reaches[cluster]);
      return filled
        .toSorted((a, b) => scores[b] - scores[a] || a - b)
        .map((cluster) => ({
          first: starts[cluster],
          end: starts[cluster + 1],
          mean: products[cluster],
          variance: (length * length * spreads[cluster]) / columns,
        }));
    },
    close: () => held.close(),
  };
}
