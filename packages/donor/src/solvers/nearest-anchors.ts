import type { Job, Matrix, Mixture } from "@revocab/core";
import { MixtureBuilder, selectRows } from "@revocab/matrix";
import { nearestRows } from "@revocab/neighbors";
import { checkDonorRows, clampedCount, isZeroRow, rowOf } from "./anchor-rows.ts";
import { letOthersRun } from "./let-others-run.ts";
import { minimumNormWeights } from "./minimum-norm-weights.ts";

/**
 * How the neighbors of x are weighed.
 * - `distance`: 1 / max(distance, 10⁻⁶), or the cosine, scaled to sum 1; convex;
 * - `barycentric`: least ‖Σ w_i·D_i − x‖ among weights that sum to 1; signed;
 * - `least-squares`: least ‖Σ w_i·D_i − x‖; signed, of any sum.
 */
export const NEAREST_SOLVERS = ["distance", "barycentric", "least-squares"] as const;
export type NearestSolver = (typeof NEAREST_SOLVERS)[number];

/** What is near: a short distance between rows, or a small angle. */
export const NEAREST_METRICS = ["euclidean", "cosine"] as const;
export type NearestMetric = (typeof NEAREST_METRICS)[number];

export interface NearestAnchorsOptions {
  /** D [A × d_d] */
  readonly donor: Matrix;
  /** x [n × d_d] donor rows of new tokens. */
  readonly rows: Matrix;
  /** Neighbors per token; more than there are anchors means all of them. */
  readonly k: number;
  /** @default "euclidean" */
  readonly metric?: NearestMetric;
  /** @default "distance" */
  readonly solver?: NearestSolver;
  /** `threads`: of the runtime. @default all cores */
  readonly job?: Job;
}

/**
 * Weights [n × A] over the k anchors whose donor rows are nearest to x, the nearest first; of anchors equally near the one
 * with the lower number. Of the weights that fit equally well, `barycentric` and `least-squares` have those of least norm:
 * with more neighbors than dimensions, or equal ones, no single answer fits best.
 *
 * A row is empty where x is zero, where no neighbor by cosine points the way of x, and where nothing of x can be
 * written with its neighbors.
 *
 * The search is exact to within the rounding of f32 products; distances are f64. Departure from the reference: a neighbor
 * with a negative cosine gets weight 0 by `distance` (the reference divides by a sum that can be near 0). With
 * k > d + 1 the reference's `barycentric` solves a singular system whose rank it can mistake; then it misses the best fit.
 * @see https://github.com/arcee-ai/mergekit common interpolation of tokensurgeon
 * @throws RevocabError no_evidence without anchors, or by cosine when all are zero; shape_mismatch; bad_options; not_finite;
 *   aborted
 */
export async function nearestAnchors({
  donor,
  rows,
  k,
  metric = "euclidean",
  solver = "distance",
  job,
}: NearestAnchorsOptions): Promise<Mixture> {
  checkDonorRows(donor, rows);
  const count = clampedCount(k, donor.rows);
  const find = metric === "cosine" ? nearestByCosine : nearestByDistance;
  const found = await find(donor, rows, count, job);
  const builder = new MixtureBuilder();
  for (let token = 0; token < rows.rows; token++) {
    if (token % TOKENS_AT_A_TIME === 0) await letOthersRun(job);
    const x = rowOf(rows, token);
    const ids = found.ids.subarray(token * found.k, (token + 1) * found.k);
    const closeness = found.closeness.subarray(token * found.k, (token + 1) * found.k);
    const weights = isZeroRow(x) ? undefined : await weightsOf(solver, closeness, donor, ids, x);
    const kept = weights ? [...ids.keys()].filter((i) => Math.fround(weights[i]) !== 0) : [];
    builder.addRow(
      kept.map((i) => ids[i]),
      kept.map((i) => weights?.[i] ?? 0),
    );
  }
  return builder.build();
}

const TOKENS_AT_A_TIME = 256;

interface FoundAnchors {
  /** Per token. */
  readonly k: number;
  /** [n × k] */
  readonly ids: Uint32Array;
  /** [n × k] the weights of `distance`, before they are scaled. */
  readonly closeness: Float64Array;
}

async function nearestByCosine(
  donor: Matrix,
  queries: Matrix,
  count: number,
  job: Job | undefined,
): Promise<FoundAnchors> {
  const { k, ids, similarities } = await nearestRows({
    queries,
    rows: donor,
    k: count,
    metric: "cosine",
    index: "exact",
    job,
  });
  return { k, ids, closeness: Float64Array.from(similarities, (cosine) => Math.max(cosine, 0)) };
}

/**
 * The largest x·p − ‖p‖²/2 is the nearest p: one product finds candidates, with a column more for the lengths, and some
 * candidates to spare are measured in f64. About the mean of the anchors, where lengths take the fewest digits.
 */
async function nearestByDistance(
  donor: Matrix,
  rows: Matrix,
  count: number,
  job: Job | undefined,
): Promise<FoundAnchors> {
  const { candidates, queries } = productsForDistances(donor, rows);
  const spare = await nearestRows({
    queries,
    rows: candidates,
    k: count + SPARE,
    metric: "dot",
    index: "exact",
    job,
  });
  const ids = new Uint32Array(rows.rows * count);
  const closeness = new Float64Array(rows.rows * count);
  for (let token = 0; token < rows.rows; token++) {
    const x = rowOf(rows, token);
    const measured = Array.from(spare.ids.subarray(token * spare.k, (token + 1) * spare.k), (id) => ({
      id,
      distance: distanceBetween(x, rowOf(donor, id)),
    }));
    measured.sort((a, b) => a.distance - b.distance || a.id - b.id);
    for (let i = 0; i < count; i++) {
      ids[token * count + i] = measured[i].id;
      closeness[token * count + i] = 1 / Math.max(measured[i].distance, SMALLEST_DISTANCE);
    }
  }
  return { k: count, ids, closeness };
}

/** Rounding in f32 moves a row past a few others of nearly its distance, rarely past as many as these. */
const SPARE = 16;

/** As in the reference: a token whose row an anchor has takes that anchor's, to within about k·10⁻⁶. */
const SMALLEST_DISTANCE = 1e-6;

/** [A × (d + 1)] (p, −‖p‖²/2) and [n × (d + 1)] (x, 1), about the mean anchor and in units of the longest anchor's distance to it. */
function productsForDistances(donor: Matrix, rows: Matrix): { candidates: Matrix; queries: Matrix } {
  const { columns } = donor;
  const mean = new Float64Array(columns);
  for (let i = 0; i < donor.data.length; i++) mean[i % columns] += donor.data[i] / donor.rows;
  let longest = 0;
  for (let row = 0; row < donor.rows; row++) {
    longest = Math.max(longest, distanceBetween(rowOf(donor, row), mean));
  }
  const unit = longest === 0 ? 1 : longest;
  const lengthened = (matrix: Matrix, last: (square: number) => number): Matrix => {
    const data = new Float32Array(matrix.rows * (columns + 1));
    for (let row = 0; row < matrix.rows; row++) {
      const from = row * columns;
      const to = row * (columns + 1);
      let square = 0;
      for (let j = 0; j < columns; j++) {
        const value = (matrix.data[from + j] - mean[j]) / unit;
        data[to + j] = value;
        square += value * value;
      }
      data[to + columns] = last(square);
    }
    return { rows: matrix.rows, columns: columns + 1, data };
  };
  return { candidates: lengthened(donor, (square) => -square / 2), queries: lengthened(rows, () => 1) };
}

function distanceBetween(a: Float32Array, b: Float32Array | Float64Array): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i] - b[i]) ** 2;
  return Math.sqrt(square);
}

async function weightsOf(
  solver: NearestSolver,
  closeness: Float64Array,
  donor: Matrix,
  ids: Uint32Array,
  x: Float32Array,
): Promise<Float64Array> {
  if (solver === "distance") {
    const total = closeness.reduce((sum, value) => sum + value, 0);
    return total === 0 ? closeness : closeness.map((value) => value / total);
  }
  const points = selectRows(donor, [...ids]);
  return solver === "least-squares" ? minimumNormWeights(points, x) : barycentricWeights(points, x);
}

/**
 * About the neighbors' mean p̄ the condition Σw = 1 is no more: w = 1/k + z, where z has the least ‖Σ z_i·(P_i − p̄) − (x − p̄)‖
 * and the least norm, and so sums to 0. The same as the least squares of [[PPᵀ, 1], [1ᵀ, 0]]·(w, λ) = (P·x, 1).
 *
 * A column of ones more, in the scale of the points, with 0 to reach, changes nothing of z but keeps the points independent.
 */
async function barycentricWeights(
  { rows: k, columns: d, data }: Matrix,
  x: Float32Array,
): Promise<Float64Array> {
  // from the first point, so that equal points differ by exactly 0
  const mean = new Float64Array(d);
  for (let i = 0; i < data.length; i++) mean[i % d] += (data[i] - data[i % d]) / k;
  const points = new Float64Array(k * (d + 1));
  let square = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] - data[i % d] - mean[i % d];
    points[i + Math.floor(i / d)] = value;
    square += value * value;
  }
  for (let i = 0; i < k; i++) points[i * (d + 1) + d] = Math.sqrt(square) / k;
  const target = new Float64Array(d + 1);
  for (let j = 0; j < d; j++) target[j] = x[j] - data[j] - mean[j];
  const weights = await minimumNormWeights({ rows: k, columns: d + 1, data: points }, target);
  return weights.map((weight) => weight + 1 / k);
}
