import type { InitContext, TokenId } from "@revocab/core";
import { firstPieces } from "./first-pieces.ts";

/** One row as sources and weights, before it is written into a mixture. */
export interface WeightedSources {
  readonly sources: number[];
  readonly weights: number[];
}

/**
 * Σ fade^{n − i} · row(s_i) over the n pieces of a token, not normalized: the last piece in full, so that the layers read
 * on from it, earlier ones ever less. Undefined for a token without pieces.
 */
export function fadedPieces(
  { alignment, target }: InitContext,
  fade: number,
): (token: TokenId) => WeightedSources | undefined {
  const { piecesOf } = firstPieces(alignment, target.vocabulary);
  return (token) => {
    const pieces = piecesOf(token);
    if (pieces.length === 0) return undefined;
    const weights = new Map<TokenId, number>();
    pieces.forEach((piece, i) => {
      weights.set(piece, (weights.get(piece) ?? 0) + fade ** (pieces.length - 1 - i));
    });
    const kept = [...weights].filter(([, weight]) => Math.fround(weight) !== 0);
    return { sources: kept.map(([piece]) => piece), weights: kept.map(([, weight]) => weight) };
  };
}
