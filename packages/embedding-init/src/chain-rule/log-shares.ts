import type { TokenId } from "@revocab/core";

/**
 * [V_t] log P̂(t | s₁): the logarithm of a token's share among all tokens that begin with the same piece; 0 for a token
 * that no piece begins.
 * @param weightOf > 0
 */
export function logShares(
  size: number,
  groups: Iterable<readonly TokenId[]>,
  weightOf: (token: TokenId) => number,
): Float64Array {
  const shares = new Float64Array(size);
  for (const group of groups) {
    const total = group.reduce((sum, token) => sum + weightOf(token), 0);
    for (const token of group) shares[token] = Math.log(weightOf(token) / total);
  }
  return shares;
}
