import type { ScoreQuery, TokenId } from "@revocab/core";

/** How often a text has each of its tokens. */
export type Occurrences = ReadonlyMap<TokenId, number>;

/** A token counts where it is read or where it is predicted, whichever is more: a BOS is only read. */
export function occurrencesIn(queries: readonly ScoreQuery[]): Occurrences {
  const occurrences = countsOf(queries.map(({ tokens }) => tokens));
  for (const [token, count] of countsOf(queries.map(({ targets }) => targets))) {
    occurrences.set(token, Math.max(count, occurrences.get(token) ?? 0));
  }
  return occurrences;
}

function countsOf(sequences: readonly ArrayLike<TokenId>[]): Map<TokenId, number> {
  const counts = new Map<TokenId, number>();
  for (const tokens of sequences) {
    for (let i = 0; i < tokens.length; i++) counts.set(tokens[i], (counts.get(tokens[i]) ?? 0) + 1);
  }
  return counts;
}

/**
 * For each row the share of its movement that is kept: n / (n + 10) where the text has its token n times. AdamW moves each row about as
 * far, however little speaks for it, and a row with few places is taught by all others that its token is not what comes next. A row
 * whose token the text does not have was meant to learn just that, and keeps all.
 * @see docs/decisions/0057-seldom-tokens-keep-less.md
 */
export function keptShares(ids: Uint32Array, occurrences: Occurrences): Float32Array {
  return Float32Array.from(ids, (token) => {
    const count = occurrences.get(token);
    return count === undefined ? 1 : count / (count + HALF_KEPT);
  });
}

/** Occurrences with which half of the movement is kept. */
const HALF_KEPT = 10;
