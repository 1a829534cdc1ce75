import { type Matrix, RevocabError } from "@revocab/core";
import type { Matrix64 } from "@revocab/matrix";
import { checkNewRows } from "./anchor-rows.ts";
import { rowImages } from "./row-images.ts";

/** x ↦ (x − from)·linear + to: from rows of the donor to rows of the source. */
export interface AffineMap {
  /** [d_d] the mean of the anchors' donor rows. */
  readonly from: Float64Array;
  /** [d_d × d_s] */
  readonly linear: Matrix;
  /** [d_s] the mean of the anchors' source rows. */
  readonly to: Float64Array;
  /** Directions of the donor, at most, that the anchors say something of; the map takes all others to 0. */
  readonly rank: number;
}

/**
 * The images of the donor rows x [n × d_d] → [n × d_s], in f32.
 * @throws RevocabError shape_mismatch; not_finite
 */
export async function applyAffineMap({ from, linear, to }: AffineMap, x: Matrix): Promise<Matrix> {
  checkNewRows(x, from.length);
  const { rows, columns, data } = x;
  const centred = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) centred[i] = data[i] - from[i % columns];
  const image = await rowImages({ rows, columns, data: centred }, linear);
  for (let i = 0; i < image.data.length; i++) image.data[i] += to[i % linear.columns];
  return image;
}

/** The linear part of a map. @throws RevocabError not_finite where numbers are beyond f32 */
export function toFloats({ rows, columns, data }: Matrix64): Matrix {
  const floats = Float32Array.from(data);
  const at = floats.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return { rows, columns, data: floats };
  throw new RevocabError("not_finite", `the map from donor to source rows holds ${data[at]}, beyond f32`, {
    hint: "look for rows of the shared tokens that are beyond those of others",
  });
}
