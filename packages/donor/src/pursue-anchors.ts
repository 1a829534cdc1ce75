import type { Matrix } from "@revocab/core";
import { orthogonalPursuit, type PursuitOptions } from "./orthogonal-pursuit.ts";
import type { Pursuit } from "./pursuit.ts";

/** What was found for a row: weights over the anchors' rows as they are. */
export type PursuedRow = Pick<Pursuit, "picks" | "coefficients" | "relativeError">;

/** Rows to write as sums of anchors, see {@link PursuitOptions}. */
export interface PursuedRows extends Pick<PursuitOptions, "count" | "read" | "k" | "except" | "step"> {
  readonly onRow: (row: number, found: PursuedRow) => void;
}

export type AnchorPursuit = (rows: PursuedRows) => Promise<void>;

export interface PursueAnchorsOptions extends PursuedRows, Pick<PursuitOptions, "products" | "job"> {
  /** D [A × d_d], none of them zero. */
  readonly anchorRows: Matrix;
  /** Whether the anchor with the largest |⟨r, D_i⟩| is picked, or that with the largest |cos(r, D_i)|. */
  readonly picks: "product" | "cosine";
}

/**
 * Orthogonal matching pursuit over anchors. By `cosine` the atoms are D_i / ‖D_i‖; the weights are then divided by the lengths.
 * @throws RevocabError as {@link orthogonalPursuit}
 */
export function pursueAnchors({ anchorRows, picks, onRow, ...options }: PursueAnchorsOptions): Promise<void> {
  if (picks === "product") return orthogonalPursuit({ ...options, atoms: anchorRows, onRow });
  const lengths = lengthsOf(anchorRows);
  const { columns } = anchorRows;
  const atoms = {
    ...anchorRows,
    data: anchorRows.data.map((value, i) => value / lengths[Math.floor(i / columns)]),
  };
  return orthogonalPursuit({
    ...options,
    atoms,
    onRow: (row, found) =>
      onRow(row, {
        picks: found.picks,
        relativeError: found.relativeError,
        coefficients: (count) =>
          found.coefficients(count).map((coefficient, i) => coefficient / lengths[found.picks[i]]),
      }),
  });
}

function lengthsOf({ rows, columns, data }: Matrix): Float64Array {
  const lengths = new Float64Array(rows);
  for (let i = 0; i < data.length; i++) lengths[Math.floor(i / columns)] += data[i] ** 2;
  return lengths.map(Math.sqrt);
}
