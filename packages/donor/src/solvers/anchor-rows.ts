import { type Matrix, RevocabError } from "@revocab/core";

/** The rows of the tokens that donor and source share, in one order. */
export interface AnchorRows {
  /** D [A × d_d] */
  readonly donor: Matrix;
  /** B [A × d_s] */
  readonly source: Matrix;
}

/**
 * What every solver trusts: there are anchors, of at least one column, and every number is finite.
 * @param donor D [A × d_d]
 * @param rows x [n × d_d], where they are known already
 * @throws RevocabError no_evidence without anchors; shape_mismatch; not_finite
 */
export function checkDonorRows(donor: Matrix, rows?: Matrix): void {
  checkAnchors("donor", donor);
  if (rows) checkNewRows(rows, donor.columns);
}

/**
 * The donor rows of new tokens are finite and as wide as those of the anchors.
 * @throws RevocabError shape_mismatch; not_finite
 */
export function checkNewRows(rows: Matrix, columns: number): void {
  if (rows.columns !== columns) {
    throw new RevocabError(
      "shape_mismatch",
      `donor rows of new tokens have ${rows.columns} columns, but those of shared tokens have ${columns}`,
      { hint: "take both from the same table of the donor" },
    );
  }
  checkFinite("donor row of a new token", rows);
}

/**
 * As {@link checkDonorRows}, for the source rows too.
 * @throws RevocabError no_evidence without anchors; shape_mismatch; not_finite
 */
export function checkAnchorRows({ donor, source }: AnchorRows, rows?: Matrix): void {
  checkDonorRows(donor, rows);
  checkAnchors("source", source);
  if (source.rows !== donor.rows) {
    throw new RevocabError(
      "shape_mismatch",
      `there are ${donor.rows} donor rows but ${source.rows} source rows of the shared tokens, expected one of each per token`,
    );
  }
}

function checkAnchors(side: "donor" | "source", matrix: Matrix): void {
  if (matrix.rows === 0) {
    throw new RevocabError(
      "no_evidence",
      `there is no ${side} row of a shared token, expected at least one`,
      {
        hint: "a donor must share tokens with the model",
      },
    );
  }
  if (matrix.columns === 0) {
    throw new RevocabError("shape_mismatch", `${side} rows have 0 columns, expected at least one`);
  }
  checkFinite(`${side} row of a shared token`, matrix);
}

function checkFinite(what: string, { columns, data }: Matrix): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new RevocabError("not_finite", `${what}: number ${Math.floor(at / columns)} holds ${data[at]}`, {
    hint: "leave the token out, or repair the row",
  });
}

/** k, or all anchors where those are fewer. @throws RevocabError bad_options */
export function clampedCount(k: number, anchors: number): number {
  if (!Number.isInteger(k) || k < 1) {
    throw new RevocabError("bad_options", `k is ${k}, expected an integer of at least 1`);
  }
  return Math.min(k, anchors);
}

/** Row i, as a view. */
export function rowOf({ columns, data }: Matrix, i: number): Float32Array {
  return data.subarray(i * columns, (i + 1) * columns);
}

/** A donor row of zeros was never trained and has no direction: it says nothing of its token. */
export function isZeroRow(row: Float32Array): boolean {
  return row.every((value) => value === 0);
}
