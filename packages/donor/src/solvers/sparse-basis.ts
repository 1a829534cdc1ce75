import type { Matrix, Mixture } from "@revocab/core";
import { choleskyFactor, leadingEigenvectors, type Matrix64, mixtureRow } from "@revocab/matrix";
import { type AffineMap, toFloats } from "./affine-map.ts";
import { type AnchorProductsOptions, anchorProducts, lessMean, meanRow } from "./anchor-products.ts";
import { type AnchorRows, checkAnchorRows, clampedCount, rowOf } from "./anchor-rows.ts";
import { solveByFactor } from "./triangular-systems.ts";

/** Weights over at most k atoms [A × d] for each target [t × d], as by orthogonal matching pursuit. */
export type Pursue = (targets: Matrix, atoms: Matrix, k: number) => Promise<Mixture>;

export interface SparseBasisOptions extends AnchorProductsOptions {
  /** Anchors per basis vector; more than there are means all of them. */
  readonly k: number;
  readonly pursue: Pursue;
}

export interface SparseBasis {
  /** [w × d_d] Σ c_i·D_i */
  readonly donor: Matrix64;
  /** [w × d_s] Σ c_i·B_i with the same weights c. */
  readonly source: Matrix64;
}

/**
 * A basis of sparse sums of anchors, of the narrower side's width at most: each of its principal axes is approximated by k
 * anchors, less their mean, and both sides take the same weights over their own rows.
 *
 * Axes whose variance is rounding, as with fewer anchors than columns, are left out.
 * Takes all eigenvectors of the narrower side by ml-matrix: 7 s at 1,024 columns, eight times as long at twice the width.
 * @see https://github.com/arcee-ai/mergekit sparse token basis of tokensurgeon
 * @throws RevocabError no_evidence without anchors; bad_options; shape_mismatch; not_finite; aborted
 */
export async function sparseBasis(
  anchors: AnchorRows,
  { k, pursue, ...options }: SparseBasisOptions,
): Promise<SparseBasis> {
  checkAnchorRows(anchors);
  const narrower = anchors.donor.columns < anchors.source.columns ? anchors.donor : anchors.source;
  const mean = meanRow(narrower);
  const atoms: Matrix = { ...narrower, data: narrower.data.map((value, i) => value - mean[i % mean.length]) };
  const centred = { rows: narrower, place: lessMean(mean) };
  const axes = await principalAxes(await anchorProducts(centred, centred, options));
  const weights = await pursue(axes, atoms, clampedCount(k, atoms.rows));
  return { donor: weightedSums(weights, anchors.donor), source: weightedSums(weights, anchors.source) };
}

/** Eigenvectors [w × d] of a covariance [d × d], a row each, without those of no variance. */
async function principalAxes(covariance: Matrix64): Promise<Matrix> {
  const { rows: d } = covariance;
  const { vectors, values } = await leadingEigenvectors(covariance, d);
  const count = values.findIndex((value) => !(value > SMALLEST_VARIANCE * values[0]));
  const rows = count < 0 ? d : count;
  const data = new Float32Array(rows * d);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < d; i++) data[row * d + i] = vectors.data[i * d + row];
  }
  return { rows, columns: d, data };
}

/** Of the largest: squares of the rounding of f32 are 10⁻¹⁴ of it. */
const SMALLEST_VARIANCE = 1e-10;

function weightedSums(mixture: Mixture, { columns, ...matrix }: Matrix): Matrix64 {
  const rows = mixture.offsets.length - 1;
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const { sources, weights } = mixtureRow(mixture, row);
    for (let i = 0; i < sources.length; i++) {
      const anchor = rowOf({ columns, ...matrix }, sources[i]);
      for (let j = 0; j < columns; j++) data[row * columns + j] += weights[i] * anchor[j];
    }
  }
  return { rows, columns, data };
}

/**
 * The map of the sparse token basis: x − d̄ is written in the donor's basis N (least squares, of least norm), and the same
 * coordinates over the source's basis M, plus b̄, are the row: (x − d̄)·Nᵀ(N·Nᵀ)⁻¹·M + b̄.
 *
 * Departure from the reference: d̄ and b̄ are the means of the anchors; there they are the means of all rows of either model.
 * @throws RevocabError as {@link sparseBasis}
 */
export async function sparseBasisMap(anchors: AnchorRows, options: SparseBasisOptions): Promise<AffineMap> {
  const { donor, source } = await sparseBasis(anchors, options);
  const { products } = options;
  const from = meanRow(anchors.donor);
  const to = meanRow(anchors.source);
  if (donor.rows === 0) {
    const [rows, columns] = [donor.columns, source.columns];
    return { from, to, linear: { rows, columns, data: new Float32Array(rows * columns) }, rank: 0 };
  }
  const gram = await products.multiply(donor, donor, { transposeRight: true });
  const lower = choleskyFactor(gram.data, gram.rows);
  const coordinates = await solveByFactor(lower, source, products);
  const linear = await products.multiply(donor, coordinates, { transposeLeft: true });
  const rank = lower.filter((value, i) => i % (gram.rows + 1) === 0 && value !== 0).length;
  return { from, to, linear: toFloats(linear), rank };
}
