import { type Job, type Matrix, quiet, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock, normalizeRows, randomStream, readRows, storedView } from "@revocab/matrix";
import { exactNeighbors } from "./exact-neighbors.ts";
import { lengthOf, type Neighbors } from "./neighbor-search.ts";
import { TopNeighbors } from "./top-neighbors.ts";

/** Rows sorted by direction: each in the cluster of the center that it has the largest cosine with, except for outliers. */
export interface RowClusters {
  /** [V] the row at each place. */
  readonly order: Uint32Array;
  /** [C + 1] the places of cluster c are `starts[c]` … `starts[c + 1]`. */
  readonly starts: Uint32Array;
  /** [C × d] the mean of each cluster's rows, each of them at length 1. */
  readonly centers: Matrix;
  /** [C × 3] lengths of each cluster's rows: their mean, the mean of their squares, and the largest. */
  readonly lengths: Float32Array;
}

/** Rows of the sample for each cluster: more move the centers hardly any more. */
const SAMPLED = 32;
const ROUNDS = 6;
const ROWS_AT_A_TIME = 32_768;

/** One row in so many is an outlier. */
const ROWS_OF_AN_OUTLIER = 200;

/**
 * Spherical k-means: centers are found on a sample of the rows, then every row goes to the nearest one, and the centers become the
 * means of their rows. By direction, for of two rows of one direction the longer one has the larger product with every query that
 * comes near them: by distance they would be in different clusters.
 *
 * A long row that is far from its center may have the largest product where the center does not show it. So the rows that are
 * furthest from the line through their center are a cluster of their own, the last. They point everywhere and are long, so that a
 * search expects the largest products there, and looks at them first.
 * @throws RevocabError `aborted`
 */
export async function clusterRows(
  stored: StoredMatrix,
  { count, seed, job }: { count: number; seed: number; job?: Job },
): Promise<RowClusters> {
  const { rows, columns } = stored;
  const centers = await findCenters(stored, { count, seed, job });
  const outliers = Math.floor(rows / ROWS_OF_AN_OUTLIER);
  const clusterOf = new Uint32Array(rows);
  const lengths = new Float64Array(rows);
  const distances = new Float32Array(rows);
  const means = new Means(outliers === 0 ? centers : withEmpty(centers));
  const assign = async (start: number, block: Matrix) => {
    for (let row = 0; row < block.rows; row++)
      lengths[start + row] = lengthOf(block.data, row * columns, columns);
    normalizeRows(block);
    const { ids, similarities } = await nearestCenters(block, centers, job);
    clusterOf.set(ids, start);
    for (const [row, cosine] of similarities.entries()) {
      distances[start + row] = lengths[start + row] * Math.sqrt(Math.max(0, 1 - cosine * cosine));
    }
    means.add(block, ids);
  };
  const blockBytes = ROWS_AT_A_TIME * columns * 4;
  await forEachRowBlock(stored, assign, { blockBytes, step: "sort rows by clusters", job });
  const furthest = largestOf(distances, outliers);
  for (let start = 0; start < outliers; start += ROWS_AT_A_TIME) {
    const ids = furthest.subarray(start, start + ROWS_AT_A_TIME);
    const block = await readRows(stored, ids, job);
    normalizeRows(block);
    means.take(
      block,
      ids.map((id) => clusterOf[id]),
    );
    means.add(block, new Uint32Array(ids.length).fill(count));
    for (const id of ids) clusterOf[id] = count;
  }
  const clusters = outliers === 0 ? count : count + 1;
  return {
    ...sortedBy(clusterOf, clusters),
    centers: means.result(),
    lengths: lengthsOf(clusterOf, lengths, clusters),
  };
}

/** [count × d] from a sample of the rows. */
async function findCenters(
  stored: StoredMatrix,
  { count, seed, job }: { count: number; seed: number; job?: Job },
): Promise<Matrix> {
  const { rows, columns } = stored;
  const sample = await readRows(stored, sampleOf(rows, Math.min(rows, SAMPLED * count), seed), job);
  normalizeRows(sample);
  let centers: Matrix = { rows: count, columns, data: sample.data.slice(0, count * columns) };
  for (let round = 0; round < ROUNDS; round++) {
    job?.onProgress?.({ type: "progress", step: "find clusters", done: round, total: ROUNDS, unit: "rows" });
    const means = new Means(centers);
    means.add(sample, (await nearestCenters(sample, centers, job)).ids);
    centers = means.result();
  }
  return centers;
}

/** One more center, of no rows. */
function withEmpty({ rows, columns, data }: Matrix): Matrix {
  const more = new Float32Array((rows + 1) * columns);
  more.set(data);
  return { rows: rows + 1, columns, data: more };
}

/** [count] the places of the largest values, in ascending order; of equal ones the first. */
function largestOf(values: Float32Array, count: number): Uint32Array {
  const places = new Uint32Array(count);
  if (count === 0) return places;
  const top = new TopNeighbors(1, count);
  for (const [place, value] of values.entries()) top.offerRow(0, place, value);
  top.writeSorted(places, new Float32Array(count));
  return places.sort();
}

/** Distinct rows, in random order. */
function sampleOf(rows: number, count: number, seed: number): Uint32Array {
  const ids = Uint32Array.from({ length: rows }, (_, row) => row);
  const { uniform } = randomStream(seed, PURPOSE);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(uniform() * (rows - i));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  return ids.subarray(0, count);
}

/** Tells these random numbers from others of the same seed. */
const PURPOSE = 0xc1;

/** [n × 1] the center that each row has the largest cosine with, of equal ones the first. @param rows of length 1 */
function nearestCenters(rows: Matrix, centers: Matrix, job: Job | undefined): Promise<Neighbors> {
  const directions = { ...centers, data: centers.data.slice() };
  normalizeRows(directions);
  const isCandidate = new Uint8Array(centers.rows).fill(1);
  return exactNeighbors({
    queries: rows,
    rows: storedView(directions),
    candidates: { count: centers.rows, isCandidate, longest: 1 + 2 ** -20 },
    k: 1,
    metric: "dot",
    job: quiet(job),
  });
}

/** The means of rows by their centers. */
class Means {
  readonly #centers: Matrix;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;

  constructor(centers: Matrix) {
    this.#centers = centers;
    this.#sums = new Float64Array(centers.rows * centers.columns);
    this.#counts = new Uint32Array(centers.rows);
  }

  add(rows: Matrix, centerOf: Uint32Array): void {
    this.#sum(rows, centerOf, 1);
  }

  /** Takes rows out again. */
  take(rows: Matrix, centerOf: Uint32Array): void {
    this.#sum(rows, centerOf, -1);
  }

  #sum({ rows, columns, data }: Matrix, centerOf: Uint32Array, sign: 1 | -1): void {
    for (let row = 0; row < rows; row++) {
      this.#counts[centerOf[row]] += sign;
      for (let i = row * columns, at = centerOf[row] * columns, end = i + columns; i < end; i++, at++) {
        this.#sums[at] += sign * data[i];
      }
    }
  }

  /** A center without rows stays where it is. */
  result(): Matrix {
    const { rows, columns, data } = this.#centers;
    const means = data.slice();
    for (const [center, count] of this.#counts.entries()) {
      if (count === 0) continue;
      for (let i = center * columns; i < (center + 1) * columns; i++) means[i] = this.#sums[i] / count;
    }
    return { rows, columns, data: means };
  }
}

/** [C × 3] as `RowClusters.lengths`. */
function lengthsOf(clusterOf: Uint32Array, lengths: Float64Array, clusters: number): Float32Array {
  const counts = new Uint32Array(clusters);
  const sums = new Float64Array(clusters * 3);
  for (const [row, cluster] of clusterOf.entries()) {
    const at = cluster * 3;
    counts[cluster]++;
    sums[at] += lengths[row];
    sums[at + 1] += lengths[row] ** 2;
    sums[at + 2] = Math.max(sums[at + 2], lengths[row]);
  }
  return Float32Array.from(sums, (sum, i) =>
    i % 3 === 2 ? sum : sum / Math.max(1, counts[Math.floor(i / 3)]),
  );
}

/** Rows by their clusters, each cluster's in ascending order. */
function sortedBy(clusterOf: Uint32Array, count: number): Pick<RowClusters, "order" | "starts"> {
  const starts = new Uint32Array(count + 1);
  for (const cluster of clusterOf) starts[cluster + 1]++;
  for (let cluster = 0; cluster < count; cluster++) starts[cluster + 1] += starts[cluster];
  const next = starts.slice();
  const order = new Uint32Array(clusterOf.length);
  for (let row = 0; row < clusterOf.length; row++) order[next[clusterOf[row]]++] = row;
  return { order, starts };
}
