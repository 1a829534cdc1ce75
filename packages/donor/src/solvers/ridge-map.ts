import { RevocabError } from "@revocab/core";
import { choleskyFactor } from "@revocab/matrix";
import { type AffineMap, toFloats } from "./affine-map.ts";
import { type AnchorProductsOptions, anchorProducts, lessMean, meanRow } from "./anchor-products.ts";
import { type AnchorRows, checkAnchorRows } from "./anchor-rows.ts";
import { solveByFactor } from "./triangular-systems.ts";

export interface RidgeMapOptions extends AnchorProductsOptions {
  /**
   * λ, beside the mean variance of the donor's columns: 0.1 shrinks directions of a tenth of that variance by half.
   * @default d_d / A, the best where the anchors' donor rows explain half of the variance of their source rows
   */
  readonly ridge?: number;
}

/**
 * The linear map W with the least Σ ‖(D_i − d̄)·W − (B_i − b̄)‖² + λ·A·v·‖W‖², v the mean variance of the donor's columns:
 * W = (GᵀG + λ·A·v·I)⁻¹·GᵀH with G = D − d̄, H = B − b̄. It scales and shears, unlike `orthogonalMap`; directions that the anchors
 * say nothing of go to 0.
 * @throws RevocabError no_evidence without anchors; bad_options; shape_mismatch; not_finite; aborted
 */
export async function ridgeMap(
  anchors: AnchorRows,
  { ridge = anchors.donor.columns / anchors.donor.rows, ...options }: RidgeMapOptions,
): Promise<AffineMap> {
  checkAnchorRows(anchors);
  if (!(ridge > 0 && Number.isFinite(ridge))) {
    throw new RevocabError("bad_options", `ridge is ${ridge}, expected a number above 0`);
  }
  const from = meanRow(anchors.donor);
  const to = meanRow(anchors.source);
  const donor = { rows: anchors.donor, place: lessMean(from) };
  const source = { rows: anchors.source, place: lessMean(to) };
  const gram = await anchorProducts(donor, donor, options);
  const cross = await anchorProducts(donor, source, options);
  const { rows: d, data } = gram;
  let total = 0;
  for (let i = 0; i < d; i++) total += data[i * d + i];
  for (let i = 0; i < d; i++) data[i * d + i] += (ridge * total) / d;
  const linear = await solveByFactor(choleskyFactor(data, d), cross, options.products);
  return { from, to, linear: toFloats(linear), rank: total === 0 ? 0 : Math.min(d, anchors.donor.rows - 1) };
}
