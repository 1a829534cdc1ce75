import { type Job, type Matrix, quiet, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock, normalizeRows, randomStream, readRows, storedView } from "@revocab/matrix";
import { exactNeighbors } from "./exact-neighbors.ts";
import { lengthOf } from "./neighbor-search.ts";

/** Rows sorted by direction: each in the cluster of the center that it has the largest cosine with. */
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

/**
 * Spherical k-means: centers are found on a sample of the rows, then every row goes to the nearest one, and the centers become the
 * means of their rows. By direction, for of two rows of one direction the longer one has the larger product with every query that
 * comes near them: by distance they would be in different clusters.
 * @throws RevocabError `aborted`
 */
export async function clusterRows(
  stored: StoredMatrix,
  { count, seed, job }: { readonly count: number; readonly seed: number; readonly job?: Job },
): Promise<RowClusters> {
  const { rows, columns } = stored;
  const sampled = sampleOf(rows, Math.min(rows, SAMPLED * count), seed);
  const sample = await readRows(stored, sampled, job);
  normalizeRows(sample);
  let centers: Matrix = { rows: count, columns, data: sample.data.slice(0, count * columns) };
  for (let round = 0; round < ROUNDS; round++) {
    job?.onProgress?.({ type: "progress", step: "find clusters", done: round, total: ROUNDS, unit: "rows" });
    const means = new Means(centers);
    means.add(sample, await nearestCenters(sample, centers, job));
    centers = means.result();
  }
  const clusterOf = new Uint32Array(rows);
  const lengths = new Lengths(count);
  const means = new Means(centers);
  const assign = async (start: number, block: Matrix) => {
    const own = Float64Array.from({ length: block.rows }, (_, row) =>
      lengthOf(block.data, row * columns, columns),
    );
    normalizeRows(block);
    const nearest = await nearestCenters(block, centers, job);
    clusterOf.set(nearest, start);
    means.add(block, nearest);
    lengths.add(own, nearest);
  };
  const blockBytes = ROWS_AT_A_TIME * columns * 4;
  await forEachRowBlock(stored, assign, { blockBytes, step: "sort rows by clusters", job });
  return { ...sortedBy(clusterOf, count), centers: means.result(), lengths: lengths.result() };
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

/** [n] the center that each row has the largest cosine with; of equal ones the first. @param rows of length 1 */
async function nearestCenters(rows: Matrix, centers: Matrix, job: Job | undefined): Promise<Uint32Array> {
  const directions = { ...centers, data: centers.data.slice() };
  normalizeRows(directions);
  const isCandidate = new Uint8Array(centers.rows).fill(1);
  const { ids } = await exactNeighbors({
    queries: rows,
    rows: storedView(directions),
    candidates: { count: centers.rows, isCandidate, longest: 1 + 2 ** -20 },
    k: 1,
    metric: "dot",
    job: quiet(job),
  });
  return ids;
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

  add({ rows, columns, data }: Matrix, centerOf: Uint32Array): void {
    for (let row = 0; row < rows; row++) {
      this.#counts[centerOf[row]]++;
      for (let i = row * columns, at = centerOf[row] * columns, end = i + columns; i < end; i++, at++) {
        this.#sums[at] += data[i];
      }
    }
  }

  /** A center without rows stays where it is. */
  result(): Matrix {
    const { rows, columns, data } = this.#centers;
    const means = data.slice();
    for (let center = 0; center < rows; center++) {
      const count = this.#counts[center];
      if (count === 0) continue;
      for (let i = center * columns; i < (center + 1) * columns; i++) means[i] = this.#sums[i] / count;
    }
    return { rows, columns, data: means };
  }
}

/** What `RowClusters.lengths` says of the rows. */
class Lengths {
  readonly #counts: Uint32Array;
  /** [C × 3] sums of lengths and of squares, and the largest. */
  readonly #sums: Float64Array;

  constructor(clusters: number) {
    this.#counts = new Uint32Array(clusters);
    this.#sums = new Float64Array(clusters * 3);
  }

  add(lengths: Float64Array, clusterOf: Uint32Array): void {
    for (const [row, length] of lengths.entries()) {
      const at = clusterOf[row] * 3;
      this.#counts[clusterOf[row]]++;
      this.#sums[at] += length;
      this.#sums[at + 1] += length * length;
      this.#sums[at + 2] = Math.max(this.#sums[at + 2], length);
    }
  }

  result(): Float32Array {
    return Float32Array.from(this.#sums, (sum, i) =>
      i % 3 === 2 ? sum : sum / Math.max(1, this.#counts[Math.floor(i / 3)]),
    );
  }
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
