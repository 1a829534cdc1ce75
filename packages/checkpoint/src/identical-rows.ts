import type { TokenId } from "@revocab/core";
import type { RowScan } from "@revocab/matrix";

export interface IdenticalRows {
  /** Rows that are byte for byte like an earlier one (by a 64-bit hash), rows of zeros not among them. */
  readonly count: number;
  /** The largest groups of rows that are alike, lowest id first; at most 100. */
  readonly groups: readonly (readonly TokenId[])[];
}

const MAX_GROUPS = 100;

/** Groups the rows for which `counts` holds by their bytes. */
export function findIdenticalRows(
  { squaredNorms, hashes }: RowScan,
  counts: (row: TokenId) => boolean,
): IdenticalRows {
  const seen = new Map<bigint, TokenId>();
  const groups = new Map<TokenId, TokenId[]>();
  let count = 0;
  for (let row = 0; row < squaredNorms.length; row++) {
    if (squaredNorms[row] === 0 || !counts(row)) continue;
    const key = hashes[row]!;
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, row);
      continue;
    }
    count++;
    const group = groups.get(earlier);
    if (group === undefined) groups.set(earlier, [earlier, row]);
    else group.push(row);
  }
  const largest = [...groups.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
  return { count, groups: largest.slice(0, MAX_GROUPS) };
}
