import { type Job, type Matrix, quiet, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock, randomStream, readRows, storedView } from "@revocab/matrix";
import { exactNeighbors } from "./exact-neighbors.ts";
import { lengthOf } from "./neighbor-search.ts";

/** Rows sorted by the nearest of C centers. */
export interface RowClusters {
  /** [V] the row at each place. */
  readonly order: Uint32Array;
  /** [C + 1] the places of cluster c are `starts[c]` … `starts[c + 1]`. */
  readonly starts: Uint32Array;
  /** [C × d] the mean of each cluster's rows. */
  readonly centers: Matrix;
  /** [C] the mean squared distance of a cluster's rows from their center. */
  readonly spreads: Float32Array;
}

/** Rows of the sample for each cluster: more move the centers hardly any more. */
const SAMPLED = 32;
const ROUNDS = 6;
const ROWS_AT_A_TIME = 32_768;

/**
 * k-means: centers are found on a sample of the rows, then every row goes to the nearest center by Euclidean distance, and the
 * centers become the means of their rows.
 * @throws RevocabError `aborted`
 */
export async function clusterRows(
  stored: StoredMatrix,
  { count, seed, job }: { readonly count: number; readonly seed: number; readonly job?: Job },
): Promise<RowClusters> {
  const { rows, columns } = stored;
  const sampled = sampleOf(rows, Math.min(rows, SAMPLED * count), seed);
  const sample = await readRows(stored, sampled, job);
  let centers = firstRows(sample, count);
  for (let round = 0; round < ROUNDS; round++) {
    job?.onProgress?.({ type: "progress", step: "find clusters", done: round, total: ROUNDS, unit: "rows" });
    const nearest = await nearestCenters(sample, centers, job);
    const means = new Means(centers);
    means.add(sample, nearest);
    centers = means.result();
  }
  const assigned = new Uint32Array(rows);
  const means = new Means(centers);
  const assign = async (start: number, block: Matrix) => {
    const nearest = await nearestCenters(block, centers, job);
    assigned.set(nearest, start);
    means.add(block, nearest);
  };
  const blockBytes = ROWS_AT_A_TIME * columns * 4;
  await forEachRowBlock(stored, assign, { blockBytes, step: "sort rows by clusters", job });
  return { ...sortedBy(assigned, count), centers: means.result(), spreads: means.spreads() };
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

function firstRows({ columns, data }: Matrix, count: number): Matrix {
  return { rows: count, columns, data: data.slice(0, count * columns) };
}

/**
 * [n] the nearest center of each row. The distance is smallest where x · c − |c|² / 2 is largest: one more column makes it an
 * inner product.
 */
async function nearestCenters(rows: Matrix, centers: Matrix, job: Job | undefined): Promise<Uint32Array> {
  const columns = rows.columns + 1;
  const queries = widened(rows, () => 1);
  const halves = widened(
    centers,
    (center) => -(lengthOf(centers.data, center * centers.columns, centers.columns) ** 2) / 2,
  );
  let longest = 0;
  for (let i = 0; i < halves.rows; i++)
    longest = Math.max(longest, lengthOf(halves.data, i * columns, columns));
  const isCandidate = new Uint8Array(centers.rows).fill(1);
  const { ids } = await exactNeighbors({
    queries,
    rows: storedView(halves),
    candidates: { count: centers.rows, isCandidate, longest },
    k: 1,
    metric: "dot",
    job: quiet(job),
  });
  return ids;
}

function widened({ rows, columns, data }: Matrix, lastOf: (row: number) => number): Matrix {
  const wide = new Float32Array(rows * (columns + 1));
  for (let row = 0; row < rows; row++) {
    wide.set(data.subarray(row * columns, (row + 1) * columns), row * (columns + 1));
    wide[row * (columns + 1) + columns] = lastOf(row);
  }
  return { rows, columns: columns + 1, data: wide };
}

/** The means of rows by their centers, and their distances from these. */
class Means {
  readonly #centers: Matrix;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #counts: Uint32Array;

  constructor(centers: Matrix) {
    this.#centers = centers;
    this.#sums = new Float64Array(centers.rows * centers.columns);
    this.#squares = new Float64Array(centers.rows);
    this.#counts = new Uint32Array(centers.rows);
  }

  add({ rows, columns, data }: Matrix, centerOf: Uint32Array): void {
    for (let row = 0; row < rows; row++) {
      const center = centerOf[row];
      this.#counts[center]++;
      for (let i = row * columns, at = center * columns, end = i + columns; i < end; i++, at++) {
        this.#sums[at] += data[i];
        this.#squares[center] += data[i] * data[i];
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

  /** [C] the mean of |x|², less the square of the mean. */
  spreads(): Float32Array {
    const { columns } = this.#centers;
    return Float32Array.from(this.#counts, (count, center) => {
      if (count === 0) return 0;
      let square = 0;
      for (let i = center * columns; i < (center + 1) * columns; i++) square += (this.#sums[i] / count) ** 2;
      return Math.max(0, this.#squares[center] / count - square);
    });
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
