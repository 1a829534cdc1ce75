import type { Job, StoredMatrix, TokenId } from "@revocab/core";
import { readRows } from "@revocab/matrix";
import { nearestRows } from "@revocab/neighbors";

/** The tokens whose rows are nearest to a token's row. */
export interface NearestTokens {
  readonly id: TokenId;
  /** The nearest first, without the token itself. */
  readonly ids: readonly TokenId[];
  /** [ids] cosines of the rows. */
  readonly cosines: readonly number[];
}

export interface NearestTokensOptions {
  /** [V × d] */
  readonly matrix: StoredMatrix;
  readonly isUsed: (row: number) => boolean;
  /** The tokens to find neighbours of, at most so many. */
  choose(most: number): readonly TokenId[];
  readonly job?: Job;
}

/** Of as many tokens as can be compared with all rows in some seconds, 20 at least. */
export async function nearestTokens({
  matrix,
  isUsed,
  choose,
  job,
}: NearestTokensOptions): Promise<NearestTokens[]> {
  const { rows, columns } = matrix;
  const most = Math.max(LEAST_TOKENS, Math.floor(MOST_PRODUCTS / (rows * columns)));
  const chosen = choose(Math.min(MOST_TOKENS, most));
  if (chosen.length === 0) return [];
  const queries = await readRows(matrix, chosen, job);
  // one more: a row is the nearest to itself
  const { k, ids, similarities } = await nearestRows({
    queries,
    rows: matrix,
    k: NEIGHBOURS + 1,
    metric: "cosine",
    isCandidate: isUsed,
    job,
  });
  return chosen.map((id, query) => {
    const found = Array.from({ length: k }, (_, i) => query * k + i)
      .filter((at) => ids[at] !== id)
      .slice(0, NEIGHBOURS);
    return {
      id,
      ids: found.map((at) => ids[at]),
      cosines: found.map((at) => Number(similarities[at].toFixed(3))),
    };
  });
}

const NEIGHBOURS = 8;
const LEAST_TOKENS = 20;
const MOST_TOKENS = 5000;
const MOST_PRODUCTS = 2e10;
