import type { TokenId } from "@revocab/core";

export interface NormOutliers {
  /** Of the rows that count, zeros left out. */
  readonly median: number;
  /** Rows whose norm is far from the median; all of them. */
  readonly count: number;
  /** The farthest, at most 100. `score`: (norm − median) / (1.4826 · MAD), in standard deviations of a normal. */
  readonly outliers: readonly { readonly row: TokenId; readonly norm: number; readonly score: number }[];
}

/**
 * In standard deviations: the trained models these limits were tried on reach −8.9 by themselves (the shortest row of a
 * Llama of 260k parameters) and less in the others.
 */
const FAR = 10;
const MAX_LISTED = 100;

export function findNormOutliers(
  squaredNorms: Float64Array,
  counts: (row: TokenId) => boolean,
): NormOutliers {
  const rows: TokenId[] = [];
  for (let row = 0; row < squaredNorms.length; row++)
    if (squaredNorms[row]! > 0 && counts(row)) rows.push(row);
  const norms = Float64Array.from(rows, (row) => Math.sqrt(squaredNorms[row]!));
  const median = medianOf(norms);
  const spread = 1.4826 * medianOf(norms.map((norm) => Math.abs(norm - median)));
  if (!(spread > 0)) return { median, count: 0, outliers: [] };
  const far = rows
    .map((row, i) => ({ row, norm: norms[i]!, score: (norms[i]! - median) / spread }))
    .filter(({ score }) => Math.abs(score) > FAR)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || a.row - b.row);
  return { median, count: far.length, outliers: far.slice(0, MAX_LISTED) };
}

function medianOf(values: Float64Array): number {
  if (values.length === 0) return 0;
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
