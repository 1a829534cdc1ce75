import { type Matrix64, transposed } from "@revocab/matrix";
import { polarFactor } from "@revocab/onnx/internal";
import { type AffineMap, toFloats } from "./affine-map.ts";
import { type AnchorProductsOptions, anchorProducts, lessMean, meanRow } from "./anchor-products.ts";
import { type AnchorRows, checkAnchorRows } from "./anchor-rows.ts";
import { principalSubspace } from "./principal-subspace.ts";

/**
 * The turn of the donor's space after which its anchors lie nearest to the source's (orthogonal Procrustes), about the means
 * of both. Of two widths the wider side is first narrowed to its principal axes P: the map is P·R where the donor is
 * the wider and R·Pᵀ where the source is, R = U·Vᵀ of the narrowed Σ (D_i − d̄)ᵀ(B_i − b̄) = U·S·Vᵀ. (Narrowing both sides would turn
 * one of them within itself, which R undoes.)
 *
 * Directions that the anchors say nothing of, as with fewer anchors than columns, go to 0: there a row gets the mean's
 * value. Lengths are the donor's: the map does not scale.
 *
 * The reference turns rows by R the wrong way round.
 *
 * Of d × d products it takes Newton–Schulz's two a round, about 20 rounds.
 * @see https://github.com/arcee-ai/mergekit landmark PCA of tokensurgeon
 * @throws RevocabError no_evidence without anchors; shape_mismatch; not_finite; aborted
 */
export async function orthogonalMap(anchors: AnchorRows, options: AnchorProductsOptions): Promise<AffineMap> {
  checkAnchorRows(anchors);
  const from = meanRow(anchors.donor);
  const to = meanRow(anchors.source);
  const donor = { rows: anchors.donor, place: lessMean(from) };
  const source = { rows: anchors.source, place: lessMean(to) };
  const { products, job } = options;
  const cross = await anchorProducts(donor, source, options);
  const { rows: wide, columns: narrow } = cross;
  if (wide < narrow) {
    // the same map the other way round, whose inverse is its transpose
    const axes = await principalSubspace(await anchorProducts(source, source, options), wide, products, job);
    const { factor, rank } = await turnWithin(axes, transposed(cross), options);
    return { from, to, linear: toFloats(transposed(factor)), rank };
  }
  const axes =
    wide > narrow &&
    (await principalSubspace(await anchorProducts(donor, donor, options), narrow, products, job));
  const { factor, rank } = axes
    ? await turnWithin(axes, cross, options)
    : await polarFactor(cross, products, job);
  return { from, to, linear: toFloats(factor), rank };
}

/** P·R, R the polar factor of Pᵀ·M: P [p × q], M [p × q] → [p × q] */
async function turnWithin(
  axes: Matrix64,
  cross: Matrix64,
  { products, job }: AnchorProductsOptions,
): Promise<{ factor: Matrix64; rank: number }> {
  const narrowed = await products.multiply(axes, cross, { transposeLeft: true });
  const { factor, rank } = await polarFactor(narrowed, products, job);
  return { factor: await products.multiply(axes, factor), rank };
}
