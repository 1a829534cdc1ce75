import type { InitContext, Matrix, TokenId } from "@revocab/core";
import { selectRows } from "@revocab/matrix";
import type { TokenWeights } from "./similarity-mixtures.ts";
import { tokensWithVector } from "./token-vectors.ts";

export interface NearestSourcesOptions {
  readonly context: InitContext;
  /** [V_s × p] one vector per source token; zeros where there is none. */
  readonly source: Matrix;
  /** [V_t × p] the same of the target, in the same space. */
  readonly target: Matrix;
  readonly neighbors: number;
  readonly temperature: number;
}

/**
 * For each target token with a vector: its nearest used source tokens by cosine, weighed by softmax(cosine / temperature).
 */
export async function nearestSources({
  context,
  source,
  target,
  neighbors,
  temperature,
}: NearestSourcesOptions): Promise<TokenWeights> {
  const { vocabulary } = context.source;
  const isCandidate = (id: TokenId) => vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte";
  const rows = new Map<TokenId, { sources: Uint32Array; weights: Float64Array }>();
  const known = tokensWithVector(target);
  if (known.length === 0) return rows;
  const { job } = context;
  const { nearestRows } = await import("@revocab/neighbors");
  const { k, ids, similarities } = await nearestRows({
    queries: selectRows(target, known),
    rows: source,
    k: neighbors,
    metric: "cosine",
    isCandidate,
    job,
  });
  known.forEach((token, i) => {
    const range = [i * k, (i + 1) * k] as const;
    rows.set(token, {
      sources: ids.slice(...range),
      weights: softmax(similarities.subarray(...range), temperature),
    });
  });
  return rows;
}

/**
 * Weights ∝ e^{z / temperature}, ≥ 0 with sum 1.
 * @param z [n], n ≥ 1
 */
export function softmax(z: ArrayLike<number>, temperature: number): Float64Array {
  const largest = Array.from(z).reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const weights = Float64Array.from(z, (value) => Math.exp((value - largest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
