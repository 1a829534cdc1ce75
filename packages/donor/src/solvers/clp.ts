import type { Matrix } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { type AnchorProductsOptions, anchorProducts, asItIs, atLengthOne } from "./anchor-products.ts";
import { type AnchorRows, checkAnchorRows, checkNewRows, isZeroRow, rowOf } from "./anchor-rows.ts";

/** What CLP's sums over all anchors come to: they are linear in x. */
export interface ClpMap {
  /** Σ D̂_iᵀ·B_i [d_d × d_s], D̂ the donor rows at length 1. */
  readonly weighted: Matrix64;
  /** Σ D̂_i [d_d × 1] */
  readonly direction: Matrix64;
  /** Anchors that have a direction: those whose donor row is not zero. */
  readonly anchors: number;
}

/**
 * Sums up the anchors for {@link clpRows}: a map of d_d × d_s, where weights would be A to a token.
 * @see https://arxiv.org/abs/2301.09626
 * @throws RevocabError no_evidence without anchors; shape_mismatch; not_finite; aborted
 */
export async function clpMap(anchors: AnchorRows, options: AnchorProductsOptions): Promise<ClpMap> {
  checkAnchorRows(anchors);
  const donor = { rows: anchors.donor, place: atLengthOne };
  const { rows } = anchors.donor;
  const ones = { rows, columns: 1, data: new Float32Array(rows).fill(1) };
  let count = 0;
  for (let i = 0; i < rows; i++) if (!isZeroRow(rowOf(anchors.donor, i))) count++;
  return {
    weighted: await anchorProducts(donor, { rows: anchors.source, place: asItIs }, options),
    direction: await anchorProducts(donor, { rows: ones, place: asItIs }, options),
    anchors: count,
  };
}

export interface ClpRows {
  /** [n × d_s]; zeros where a token is not covered. */
  readonly rows: Matrix;
  /** [n] 1 where the token has a row. */
  readonly isCovered: Uint8Array;
  /** [n] Σ cos(x, D_i) / A. Near 0, weights of both signs cancel and the row is long; below 0, what is near x counts against it. */
  readonly meanCosines: Float64Array;
}

/**
 * Σ_i cos(x, D_i)·B_i / Σ_i cos(x, D_i) over all anchors, for x [n × d_d], in f64. The weights sum to 1, but those of anchors that
 * point away from x are negative. A token whose mean cosine is within 10⁻⁶ of 0, as for a row of zeros, is not covered.
 * @see https://arxiv.org/abs/2301.09626
 * @throws RevocabError shape_mismatch; not_finite
 */
export async function clpRows(
  { weighted, direction, anchors }: ClpMap,
  x: Matrix,
  products: DenseProducts,
): Promise<ClpRows> {
  checkNewRows(x, weighted.rows);
  const { rows, columns } = x;
  const width = weighted.columns;
  const result = new Float32Array(rows * width);
  const isCovered = new Uint8Array(rows);
  const meanCosines = new Float64Array(rows);
  if (rows === 0) return { rows: { rows, columns: width, data: result }, isCovered, meanCosines };
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    atLengthOne(rowOf(x, i), data.subarray(i * columns, (i + 1) * columns));
  }
  const directions = { rows, columns, data };
  const sums = await products.multiply(directions, weighted);
  const cosines = await products.multiply(directions, direction);
  for (let i = 0; i < rows; i++) {
    meanCosines[i] = anchors === 0 ? 0 : cosines.data[i] / anchors;
    if (Math.abs(meanCosines[i]) < 1e-6) continue;
    isCovered[i] = 1;
    for (let j = 0; j < width; j++) result[i * width + j] = sums.data[i * width + j] / cosines.data[i];
  }
  return { rows: { rows, columns: width, data: result }, isCovered, meanCosines };
}
