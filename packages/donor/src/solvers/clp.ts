import type { Matrix } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import { toFloats } from "./affine-map.ts";
import {
  type AnchorProductsOptions,
  anchorProducts,
  asItIs,
  atLengthOne,
  lessMean,
  meanRow,
} from "./anchor-products.ts";
import { type AnchorRows, checkAnchorRows, checkNewRows, isZeroRow, rowOf } from "./anchor-rows.ts";
import { rowImages } from "./row-images.ts";

/** What CLP's sums over all anchors come to: they are linear in x. */
export interface ClpMap {
  /** Σ D̂_iᵀ·(B_i − b̄) [d_d × d_s], D̂ the donor rows at length 1. */
  readonly weighted: Matrix;
  /** b̄ [d_s] the mean of the anchors' source rows. */
  readonly mean: Float64Array;
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
  const mean = meanRow(anchors.source);
  const ones = { rows, columns: 1, data: new Float32Array(rows).fill(1) };
  let count = 0;
  for (let i = 0; i < rows; i++) if (!isZeroRow(rowOf(anchors.donor, i))) count++;
  return {
    weighted: toFloats(await anchorProducts(donor, { rows: anchors.source, place: lessMean(mean) }, options)),
    mean,
    direction: await anchorProducts(donor, { rows: ones, place: asItIs }, options),
    anchors: count,
  };
}

export interface ClpRows {
  /** [n × d_s]; zeros where a token is not covered. */
  readonly rows: Matrix;
  /** [n] 1 where the token has a row. */
  readonly isCovered: Uint8Array;
}

/**
 * [n] Σ_i cos(x, D_i) / A for x [n × d_d]. Near 0, weights of both signs cancel and CLP's row is long; below 0, what is near x counts
 * against it.
 * @throws RevocabError shape_mismatch; not_finite
 */
export function meanCosines({ direction, anchors }: ClpMap, x: Matrix): Float64Array {
  checkNewRows(x, direction.rows);
  return Float64Array.from({ length: x.rows }, (_, i) => {
    const row = rowOf(x, i);
    let product = 0;
    let square = 0;
    for (let j = 0; j < row.length; j++) {
      product += row[j] * direction.data[j];
      square += row[j] ** 2;
    }
    return anchors === 0 || square === 0 ? 0 : product / Math.sqrt(square) / anchors;
  });
}

/** Whether a token with this mean cosine has a row: weights that sum to nothing cannot be scaled to sum to 1. */
export function hasClpRow(meanCosine: number): boolean {
  return Math.abs(meanCosine) >= 1e-6;
}

/**
 * Σ_i cos(x, D_i)·B_i / Σ_i cos(x, D_i) over all anchors, for x [n × d_d], in f32. The weights sum to 1, but those of anchors that
 * point away from x are negative. A token whose mean cosine is within 10⁻⁶ of 0, as for a row of zeros, is not covered.
 *
 * Summed as b̄ + Σ_i cos(x, D_i)·(B_i − b̄) / Σ_i cos(x, D_i), which loses less where cosines cancel out.
 * @see https://arxiv.org/abs/2301.09626
 * @throws RevocabError shape_mismatch; not_finite
 */
export async function clpRows(map: ClpMap, x: Matrix): Promise<ClpRows> {
  const { weighted, mean, anchors } = map;
  const means = meanCosines(map, x);
  const { rows, columns } = x;
  const directions = new Float64Array(x.data.length);
  for (let i = 0; i < rows; i++) {
    atLengthOne(rowOf(x, i), directions.subarray(i * columns, (i + 1) * columns));
  }
  const sums = await rowImages({ rows, columns, data: Float32Array.from(directions) }, weighted);
  const isCovered = Uint8Array.from(means, (value) => Number(hasClpRow(value)));
  const width = weighted.columns;
  const data = sums.data.map((sum, i) => {
    const row = Math.floor(i / width);
    return isCovered[row] ? mean[i % width] + sum / (means[row] * anchors) : 0;
  });
  return { rows: { rows, columns: width, data }, isCovered };
}
