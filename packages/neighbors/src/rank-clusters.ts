import { openQuantizedRows, quantizeRow, type RowRange } from "@revocab/matrix/internal";
import type { RowClusters } from "./cluster-rows.ts";

/** A cluster that was not looked at, and how its rows' products with a query lie. */
export interface PassedCluster {
  /** Rows of it. */
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** The clusters whose rows are looked at, and the others. */
export interface ChosenClusters {
  /** The places of their rows, in ascending order. */
  readonly ranges: readonly RowRange[];
  passed(): readonly PassedCluster[];
}

/** Chooses clusters by the largest product that a row of theirs is expected to have with a query. */
export interface ClusterRanking {
  /**
   * The most promising clusters that have so many rows together, at least one.
   * @param length of the query
   */
  choose(query: Float32Array, length: number, rows: number): Promise<ChosenClusters>;
  close(): Promise<void>;
}

/**
 * The directions of n rows lie about normally around their mean m: their products with a query q are up to √(2 ln n) deviations above
 * q · m. The longest row of the cluster may have that direction.
 * @param addends [V] by place
 */
export async function openRanking(
  { centers, starts, lengths }: RowClusters,
  addends: Float32Array,
): Promise<ClusterRanking> {
  const { rows: count, columns, data } = centers;
  // the centers are few, so that they lie in the cache of one core
  const held = openQuantizedRows({ columns, rows: count, threads: 0 });
  const deviations = new Float64Array(count);
  const meanAddends = new Float64Array(count);
  for (let cluster = 0; cluster < count; cluster++) {
    const center = data.subarray(cluster * columns, (cluster + 1) * columns);
    const at = cluster * held.width;
    held.scales[cluster] = quantizeRow(center, held.values.subarray(at, at + columns)).scale;
    const square = center.reduce((sum, value) => sum + value * value, 0);
    deviations[cluster] = Math.sqrt(Math.max(0, 1 - square) / columns);
    const [first, end] = [starts[cluster], starts[cluster + 1]];
    for (let place = first; place < end; place++) meanAddends[cluster] += addends[place] / (end - first);
  }
  const filled = Array.from({ length: count }, (_, cluster) => cluster).filter(
    (cluster) => starts[cluster] < starts[cluster + 1],
  );
  const sizeOf = (cluster: number) => starts[cluster + 1] - starts[cluster];
  const reaches = deviations.map(
    (deviation, cluster) => deviation * Math.sqrt(2 * Math.log(sizeOf(cluster))),
  );
  const scores = new Float64Array(count);
  const whole = [{ first: 0, end: count }];
  return {
    async choose(query, length, rows) {
      const { products } = await held.multiply(query, whole);
      for (const cluster of filled) {
        const largest = products[cluster] + length * reaches[cluster];
        // where even the largest is below 0, the shortest row has it
        scores[cluster] = meanAddends[cluster] + largest * lengths[cluster * 3 + (largest > 0 ? 2 : 0)];
      }
      const least = leastScore(filled, scores, sizeOf, rows);
      const chosen = filled.filter((cluster) => scores[cluster] >= least);
      return {
        ranges: chosen.map((cluster) => ({ first: starts[cluster], end: starts[cluster + 1] })),
        passed: () =>
          filled
            .filter((cluster) => scores[cluster] < least)
            .map((cluster) => {
              const [mean, square] = [lengths[cluster * 3], lengths[cluster * 3 + 1]];
              const own = (square - mean * mean) * products[cluster] ** 2;
              return {
                count: sizeOf(cluster),
                mean: meanAddends[cluster] + mean * products[cluster],
                variance: Math.max(0, own) + square * (length * deviations[cluster]) ** 2,
              };
            }),
      };
    },
    close: () => held.close(),
  };
}

/** A score that clusters with so many rows together reach, and about the largest such score. */
function leastScore(
  clusters: readonly number[],
  scores: Float64Array,
  sizeOf: (cluster: number) => number,
  rows: number,
): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cluster of clusters) {
    low = Math.min(low, scores[cluster]);
    high = Math.max(high, scores[cluster]);
  }
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    let reached = 0;
    for (const cluster of clusters) if (scores[cluster] >= middle) reached += sizeOf(cluster);
    if (reached >= rows) low = middle;
    else high = middle;
  }
  return low;
}

/** Scores that are nearer to each other than a millionth of their range are as good as equal. */
const BISECTIONS = 20;
