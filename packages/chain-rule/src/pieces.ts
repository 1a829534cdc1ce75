import type { Alignment, InitContext, TokenId, Vocabulary } from "@revocab/core";

/** How source tokens spell the target's text and byte tokens. */
export interface FirstPieces {
  /** The source tokens that spell a target token: for a shared token the source token itself, for a special none. */
  piecesOf(token: TokenId): Uint32Array;
  /** For each first piece, the target tokens that begin with it, in the order of their ids. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
}

export function firstPieces({ sourceOf, pieceOffsets, pieces }: Alignment, target: Vocabulary): FirstPieces {
  const piecesOf = (token: TokenId) => {
    const kind = target.kindOf(token);
    if (kind !== "text" && kind !== "byte") return NO_PIECES;
    if (sourceOf[token] >= 0) return Uint32Array.of(sourceOf[token]);
    return pieces.subarray(pieceOffsets[token], pieceOffsets[token + 1]);
  };
  const groups = new Map<TokenId, TokenId[]>();
  for (let token = 0; token < target.size; token++) {
    const [first] = piecesOf(token);
    if (first === undefined) continue;
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [token]);
    else group.push(token);
  }
  return { piecesOf, groups };
}

const NO_PIECES = new Uint32Array(0);

/** One row as sources and weights, before it is written into a mixture. */
export interface WeightedSources {
  readonly sources: number[];
  readonly weights: number[];
}

/**
 * The input row of a token: Σ fade^{n − i} · row(s_i) over its n pieces, not normalized. The last piece counts in full,
 * because the model reads on from it; each earlier one counts less. Undefined for a token without pieces.
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
